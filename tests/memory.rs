//! Memory: the memory of removed entries returns to the system, growth has no spike, and without memory an insert is
//! refused and changes nothing.
//!
//! `MEMORY_ENTRIES` is the number of entries of the maps, 600,000 by default (`.ci/memory` takes ten million).

mod common;
#[path = "common/little_memory.rs"]
mod little_memory;

use common::{
    eventually, panics,
    policy::{Never, Of, Ttl},
};
use memory_stats::memory_stats;
use sharded::{
    Policy, ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::System,
    evict::{Adaptive, MakesRoom, Sieve, Unbounded},
    lock::{Mutex, Optimistic, Serves},
};
use std::{env, hint, sync};

type Unbound<L, const SHARDS: usize = 64> = Of<L, Never, Unbounded, System, SHARDS>;
type Cache<L, E> = Of<L, Ttl<3_600_000>, E, System, 64, 1>;
type Map<L, V = u64, const SHARDS: usize = 64> = ShardedMap<u64, V, Unbound<L, SHARDS>>;

/// What these tests look at is the whole process's.
static ONE_AT_A_TIME: sync::Mutex<()> = sync::Mutex::new(());

fn entries() -> u64 {
    env::var("MEMORY_ENTRIES").map_or(600_000, |set| set.parse().expect("a number of entries"))
}

fn resident() -> usize {
    memory_stats().expect("this system says how much memory a process has").physical_mem
}

/// A hundredth of the entries is left, and of the memory no more than one part of so many.
fn check_shrinking<P>(what: &str, options: FieldOptions<P>, parts: usize)
where
    P: Policy<Lock: Serves<u64, u64>, Eviction: MakesRoom>,
    ShardedMap<u64, u64, P>: BuildField<P>,
{
    let before = resident();
    let map = ShardedMap::<u64, u64, P>::with_options(options);
    (0..entries()).for_each(|key| _ = map.insert(key, key));
    let (grown, table) = (resident() - before, map.stats().table_bytes);
    (0..entries()).filter(|key| key % 100 != 0).for_each(|key| _ = map.remove(&key));
    assert_eq!(map.len() as u64, entries().div_ceil(100));
    let left = map.stats().table_bytes;
    assert!(left * parts <= table, "{what}: the tables have {left} bytes of {table}");
    // In the background nothing happens to such a map: all of it has gone back on the way.
    eventually(&format!("{what}: of {grown} bytes one part of {parts} is left"), || {
        resident().saturating_sub(before) * parts <= grown + (8 << 20)
    });
    (0..entries()).for_each(|key| assert_eq!(map.get(&key).is_some(), key.is_multiple_of(100)));
}

#[test]
fn what_is_removed_goes_back() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(sync::PoisonError::into_inner);
    check_shrinking("Mutex", FieldOptions::<Unbound<Mutex>>::new(), 10);
    check_shrinking("Optimistic", FieldOptions::<Unbound<Optimistic>>::new(), 10);
}

/// What is known of entries for their expiry and their eviction takes about as much as a small entry.
#[test]
fn what_was_known_of_it_goes_back_too() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(sync::PoisonError::into_inner);
    // It also has room for knowing of some that it has no more.
    let capacity = usize::try_from(entries()).expect("fits in memory") * 5 / 4;
    check_shrinking("Adaptive", FieldOptions::<Cache<Mutex, Adaptive>>::new().capacity(capacity), 6);
    check_shrinking("Sieve", FieldOptions::<Cache<Optimistic, Sieve>>::new().capacity(capacity), 6);
}

/// Wherever the tables were on their way to another size: nobody has to add entries for them to come back.
#[test]
fn a_table_that_was_growing_becomes_small_again() {
    for entries in (2_000..40_000).step_by(1_900) {
        let map = Map::<Mutex, u64, 1>::default();
        (0..entries).for_each(|key| _ = map.insert(key, key));
        let grown = map.stats().table_bytes;
        (50..entries).for_each(|key| _ = map.remove(&key));
        let left = map.stats().table_bytes;
        assert!(left * 5 <= grown, "{entries} entries: {left} bytes of {grown} are left");
    }
}

/// Neither does what is emptied keep anything but addresses, nor what is made small while it is empty take anything.
#[test]
fn an_empty_map_has_no_tables() {
    let map = Map::<Mutex>::default();
    map.shrink_to_fit();
    assert_eq!(map.stats().table_bytes, 0);
    for round in 0..3 {
        (0..10_000).for_each(|key| _ = map.insert(key, round));
        assert!(map.stats().table_bytes > 200_000);
        map.clear();
        assert_eq!(map.len(), 0);
        // A line for each shard.
        assert!(map.stats().table_bytes <= 64 * 64, "round {round}: {}", map.stats().table_bytes);
    }
}

#[test]
fn growing_has_no_spike() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(sync::PoisonError::into_inner);
    let before = resident();
    let map = Map::<Mutex>::default();
    let (mut most, mut most_resident) = (0, 0);
    for key in 0..entries() {
        map.insert(key, key);
        if key.is_multiple_of(entries() / 200) {
            most = most.max(map.stats().table_bytes);
            most_resident = most_resident.max(resident().saturating_sub(before));
        }
    }
    let (table, grown) = (map.stats().table_bytes, resident().saturating_sub(before));
    assert!(most * 4 <= table * 5, "the tables had {most} bytes when they were growing, and have {table} now");
    assert!(most_resident * 4 <= grown * 5 + (8 << 20), "{most_resident} bytes when they were growing, now {grown}");
}

/// Runs itself once more, with little memory.
#[test]
#[cfg(target_os = "linux")]
fn without_memory_an_entry_is_refused_and_nothing_is_harmed() {
    let output = little_memory::run("with_little_memory");
    assert!(output.contains("an entry was refused"), "{output}");
}

#[test]
fn with_little_memory() {
    if !little_memory::is_given() {
        return;
    }
    let map = Map::<Mutex, [u64; 64], 4>::default();
    let value = |key: u64| [key; 64];
    let mut next = 0;
    // So large that the system takes it back at once.
    let ballast = hint::black_box(vec![0_u8; 64 << 20]);
    let refused = panics(|| {
        loop {
            map.insert(next, value(next));
            next += 1;
        }
    });
    assert_eq!(refused, "no memory for one more entry; the map is as it was before");
    assert!(next > 100_000, "{next} entries are not many");
    println!("an entry was refused after {next}");
    assert_eq!(map.len() as u64, next);
    assert!((0..next).all(|key| map.get(&key) == Some(value(key))));
    assert_eq!(map.get(&next), None);
    // With memory again, it goes on where it was refused.
    drop(ballast);
    (next..next + 20_000).for_each(|key| assert_eq!(map.insert(key, value(key)), None));
    next += 20_000;
    // There is room again where others have left.
    (0..next).step_by(2).for_each(|key| assert_eq!(map.remove(&key), Some(value(key))));
    (0..next).step_by(8).for_each(|key| assert_eq!(map.insert(key, value(key)), None));
    assert!((0..next).all(|key| map.contains_key(&key) == (key % 2 == 1 || key % 8 == 0)));
}
