//! In steady state nothing is allocated: neither from the global allocator, nor blocks from the arenas of the maps.
//!
//! `ALLOCATION_STEPS` is how many operations each mix does while it is watched, 300,000 unless it is set (`.ci/memory`
//! does ten million).

mod common;

use allocation_counter::measure;
use common::{
    policy::{Never, Of, Times, Ttl},
    threads::Dice,
};
use sharded::{
    ShardedMap,
    clock::System,
    evict::{Adaptive, Eviction, Lru, MakesRoom, S3Fifo, Sieve, TinyLfu, Unbounded},
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
};
use std::env;

/// So many that a table has tens of chunks: smaller ones may take one more, once, when a chain of displaced entries
/// runs past their last bucket.
const ENTRIES: u64 = 240_000;
const CAPACITY: usize = 200_000;
const HOUR: u64 = 3_600_000;

fn steps() -> u64 {
    env::var("ALLOCATION_STEPS").map_or(300_000, |set| set.parse().expect("a number of steps"))
}

type Map<L, X, E, const AT_MOST: usize> = ShardedMap<u64, u64, Of<L, X, E, System, 4, AT_MOST>>;

/// Operations of all sorts on so many entries: every key that is taken out is put in again.
fn mix<L, X, E, const AT_MOST: usize>(map: &Map<L, X, E, AT_MOST>, steps: u64, dice: &mut Dice)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: Eviction + MakesRoom,
{
    let mut sum = 0;
    for step in 0..steps {
        let key = dice.below(ENTRIES);
        match step % 8 {
            0 => {
                map.remove(&key);
                map.insert(key, step);
            }
            1 => {
                map.insert(key, step);
            }
            2 => sum += map.with(&key, |value| *value).unwrap_or(0),
            3 => {
                map.upsert(key, || 1, |value| *value += 1);
            }
            4 => {
                map.with_mut(&key, |value| *value += 1);
            }
            5 => sum += u64::from(map.contains_key(&key)),
            6 => {
                map.remove_if(&key, |value| *value > 1);
                sum += map.get_or_insert_with(key, || 1);
            }
            _ => sum += map.get(&key).unwrap_or(0),
        }
    }
    std::hint::black_box(sum);
}

fn check<L, X, E, const AT_MOST: usize>(what: &str)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: Eviction + MakesRoom,
    Map<L, X, E, AT_MOST>: Default,
{
    let map = Map::<L, X, E, AT_MOST>::default();
    (0..ENTRIES).for_each(|key| _ = map.insert(key, key));
    let mut dice = Dice::new(7);
    // Lazy allocations happen here, and tables that are growing or shrinking finish.
    mix(&map, 2 * ENTRIES, &mut dice);
    let steps = steps();
    // Where a displaced entry comes to lie behind all others, its shard takes a block more, and what is known of each
    // slot grows, once. So there may be a second look, and a third, until there is nothing.
    let mut taken = Vec::new();
    while taken.len() < 4 && taken.last() != Some(&0) {
        let blocks = map.stats().table_blocks;
        let allocations = measure(|| mix(&map, steps, &mut dice)).count_total;
        taken.push(allocations + map.stats().table_blocks.abs_diff(blocks));
    }
    assert!(taken.contains(&0) && taken.iter().sum::<u64>() <= 8, "{what}: allocations and blocks: {taken:?}");
}

#[test]
fn a_map_of_constant_size_allocates_nothing() {
    check::<Mutex, Never, Unbounded, 0>("Mutex");
    check::<RwLock, Never, Unbounded, 0>("RwLock");
    check::<Optimistic, Never, Unbounded, 0>("Optimistic");
}

#[test]
fn nor_does_one_whose_entries_expire() {
    check::<Mutex, Ttl<HOUR>, Unbounded, 0>("Mutex, ttl");
    check::<Optimistic, Ttl<HOUR>, Unbounded, 0>("Optimistic, ttl");
}

/// Entries leave all the while.
#[test]
fn nor_does_one_that_evicts() {
    check::<Mutex, Never, Lru, CAPACITY>("Mutex, Lru");
    check::<RwLock, Never, Sieve, CAPACITY>("RwLock, Sieve");
    check::<Optimistic, Ttl<HOUR>, Sieve, CAPACITY>("Optimistic, ttl, Sieve");
    check::<Mutex, Never, Adaptive, CAPACITY>("Mutex, Adaptive");
    check::<Optimistic, Never, Adaptive, CAPACITY>("Optimistic, Adaptive");
    check::<RwLock, Never, S3Fifo, CAPACITY>("RwLock, S3Fifo");
    check::<Optimistic, Never, S3Fifo, CAPACITY>("Optimistic, S3Fifo");
    check::<Mutex, Never, TinyLfu, CAPACITY>("Mutex, TinyLfu");
    check::<RwLock, Never, TinyLfu, CAPACITY>("RwLock, TinyLfu");
}

/// That what is counted is counted.
#[test]
fn growing_allocates() {
    let map = Map::<Mutex, Never, Unbounded, 0>::default();
    let blocks = map.stats().table_blocks;
    let allocations = measure(|| (0..ENTRIES).for_each(|key| _ = map.insert(key, key))).count_total;
    assert!(allocations > 0);
    assert!(map.stats().table_blocks > blocks);
}

/// A row that stages one value after the other keeps none of them, nor the memory that held them.
#[test]
fn a_transaction_frees_what_it_has_staged() {
    let map = ShardedMap::<u64, String, Of<Mutex, Never, Unbounded, System, 1>>::new();
    map.insert(1, String::new());
    let transact = || {
        sharded::transaction(map.row(&1), |row| -> Result<(), ()> {
            row.insert("first".to_owned());
            row.insert("second".to_owned());
            row.remove();
            row.insert("third".to_owned());
            Ok(())
        })
        .expect("nothing refuses it");
    };
    transact();
    let info = measure(|| (0..100).for_each(|_| transact()));
    assert_eq!(info.count_current, 0, "{info:?}");
}
