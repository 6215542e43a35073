//! Values of eight words that must agree, under few and many writes.

use super::{
    Map,
    common::{
        ignore,
        policy::{Never, Of, Times, Ttl},
        threads::{Dice, together},
    },
    steps,
};
use sharded::{
    Change,
    builder::BuildField,
    clock::System,
    evict::{Lru, MakesRoom, Sieve, Unbounded},
    lock::Optimistic,
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

const THREADS: u64 = 4;
const KEYS: u64 = 200;

/// A key and a number, said eight times in eight ways.
type Words = [u64; 8];

fn words(key: u64, number: u64) -> Words {
    std::array::from_fn(|word| (key << 32 | number).rotate_left(8 * u32::try_from(word).expect("a few words")))
}

#[track_caller]
fn assert_whole(key: u64, found: &Words) {
    assert_eq!(*found, words(key, found[0] & 0xFFFF_FFFF), "the value of {key} is torn, or another's");
}

/// Becomes another value word by word, with others let in between.
fn change(key: u64, number: u64, value: &mut Words) {
    assert_whole(key, value);
    for (word, new) in value.iter_mut().zip(words(key, number)) {
        *word = new;
        if number.is_multiple_of(64) {
            thread::yield_now();
        }
    }
}

fn read<X: Times, E: MakesRoom, const SHARDS: usize, const CAPACITY: usize>(
    map: &Map<u64, Words, X, E, SHARDS, CAPACITY>,
    dice: &mut Dice,
) -> u64 {
    let key = dice.below(KEYS);
    match dice.below(8) {
        0 => map.with(&key, |found| assert_whole(key, found)).map_or(0, |()| 1),
        1 => {
            let keys = [key, (key + 1) % KEYS, (key + 17) % KEYS, KEYS + key];
            let found = map.get_many(&keys);
            assert_eq!(found[3], None, "this one was never put in");
            let found = found.iter().zip(keys).filter_map(|(found, key)| Some((key, found.as_ref()?)));
            found.map(|(key, found)| assert_whole(key, found)).count() as u64
        }
        2 => map.contains_key(&key).into(),
        3 => {
            assert!(!map.contains_key(&(KEYS + key)) && map.get(&(KEYS + key)).is_none(), "this one was never put in");
            0
        }
        _ => map.get(&key).map_or(0, |found| {
            assert_whole(key, &found);
            1
        }),
    }
}

fn write<X: Times, E: MakesRoom, const SHARDS: usize, const CAPACITY: usize>(
    map: &Map<u64, Words, X, E, SHARDS, CAPACITY>,
    dice: &mut Dice,
) {
    let (key, number) = (dice.below(KEYS), dice.below(1 << 32));
    match dice.below(8) {
        0 => ignore(map.remove(&key).map(|found| assert_whole(key, &found))),
        1 => ignore(map.with_mut(&key, |value| change(key, number, value))),
        2 => ignore(map.upsert(key, || words(key, number), |value| change(key, number, value))),
        3 => map.compute(key, |value| match value {
            Some(value) if number.is_multiple_of(3) => {
                change(key, number, value);
                Change::Keep(())
            }
            Some(_) if number % 3 == 1 => Change::Remove(()),
            _ => Change::Put(words(key, number), ()),
        }),
        4 => assert_whole(key, &map.get_or_insert_with(key, || words(key, number))),
        _ => ignore(map.insert(key, words(key, number)).map(|found| assert_whole(key, &found))),
    }
}

/// Some threads that read and, so often in a hundred times, write.
fn whole<X: Times, E: MakesRoom, const SHARDS: usize, const CAPACITY: usize>(percent: u64)
where
    Map<u64, Words, X, E, SHARDS, CAPACITY>: BuildField<Of<Optimistic, X, E, System, SHARDS, CAPACITY>> + Sync,
{
    let map: Map<u64, Words, X, E, SHARDS, CAPACITY> = Map::new();
    map.extend((0..KEYS).map(|key| (key, words(key, 0))));
    let hits = AtomicU64::new(0);
    together(THREADS, |thread| {
        let mut dice = Dice::new(percent << 8 | thread);
        let mut hits_here = 0;
        for _ in 0..steps() {
            if dice.below(100) < percent {
                write(&map, &mut dice);
            } else {
                hits_here += read(&map, &mut dice);
            }
        }
        hits.fetch_add(hits_here, Ordering::Relaxed);
    });
    assert!(hits.into_inner() > steps() / 4, "reads must find something for this to show anything");
    map.for_each(|&key, value| assert_whole(key, value));
}

#[test]
fn values_are_whole() {
    for percent in [1, 10, 50] {
        whole::<Never, Unbounded, 1, 0>(percent);
        whole::<Never, Unbounded, 4, 0>(percent);
    }
}

#[test]
fn values_are_whole_with_a_ttl() {
    for percent in [1, 10, 50] {
        whole::<Ttl<3_600_000>, Unbounded, 2, 0>(percent);
        // Most expire between two calls or while one is on its way.
        whole::<Ttl<1>, Unbounded, 2, 0>(percent.max(30));
    }
}

#[test]
fn values_are_whole_with_a_capacity() {
    for percent in [1, 10, 50] {
        whole::<Never, Lru, 1, 150>(percent);
        whole::<Never, Sieve, 2, 150>(percent);
        whole::<Ttl<3_600_000>, Lru, 2, 100>(percent);
        whole::<Ttl<3_600_000>, Sieve, 1, 100>(percent);
    }
}

/// What a thread has stored it reads, and another that is told of it as well.
#[test]
fn what_was_written_before_is_seen() {
    let map: Map<u64, Words, Never> = Map::new();
    let told = AtomicU64::new(0);
    map.insert(1, words(1, 0));
    together(3, |thread| {
        if thread == 0 {
            for number in 1..=4 * steps() {
                map.insert(1, words(1, number));
                assert_eq!(map.get(&1), Some(words(1, number)));
                told.store(number, Ordering::Release);
            }
            return;
        }
        let mut last = 0;
        while last < 4 * steps() {
            let before = told.load(Ordering::Acquire);
            let found = map.get(&1).expect("it is always there");
            assert_whole(1, &found);
            let number = found[0] & 0xFFFF_FFFF;
            assert!(number >= before && number >= last, "{number} after {before} and {last}");
            last = number;
        }
    });
}
