//! Reads while the table below them becomes larger and smaller, or is taken away.

use super::{
    Map,
    common::{
        ignore,
        policy::{Never, OwnOnly, Times},
        threads::{Dice, together},
    },
    steps,
};
use sharded::{builder::FieldOptions, evict::Unbounded};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const READERS: u64 = 2;
/// Keys that readers look for.
const ANCHORS: u64 = 50;

fn value(key: u64) -> [u64; 3] {
    [key, !key, key.wrapping_mul(3)]
}

/// Threads that read while another changes the map; `is_there` says whether the anchors are there all the while.
fn beside<X: Times>(is_there: bool, map: &Map<u64, [u64; 3], X, Unbounded, 2>, change: impl Fn(u64) + Sync)
where
    Map<u64, [u64; 3], X, Unbounded, 2>: Sync,
{
    map.extend((0..ANCHORS).map(|key| (key, value(key))));
    let is_over = AtomicBool::new(false);
    let found: u64 = together(READERS + 1, |thread| {
        if thread == 0 {
            (0..steps() / 100).for_each(&change);
            is_over.store(true, Ordering::Relaxed);
            return 0;
        }
        let (mut dice, mut hits) = (Dice::new(thread), 0);
        while !is_over.load(Ordering::Relaxed) {
            let key = dice.below(ANCHORS);
            let found = match dice.below(3) {
                0 => map.get(&key),
                1 => map.with(&key, |&found| found),
                _ => map.get_many(&[key])[0],
            };
            assert!(found.is_none_or(|found| found == value(key)), "{found:?} of {key}");
            assert!(found.is_some() || !is_there, "{key} is always there");
            assert!(map.contains_key(&key) || !is_there, "{key} is always there");
            let other = ANCHORS + dice.below(4000);
            assert!(map.get(&other).is_none_or(|found| found == value(other)));
            assert_eq!(map.get(&(other | 1 << 40)), None, "this one was never put in");
            hits += u64::from(found.is_some());
        }
        hits
    })
    .into_iter()
    .sum();
    assert!(found > 0, "reads must find something for this to show anything");
}

#[test]
fn growing_and_shrinking() {
    for shards in [1, 2] {
        let map: Map<u64, [u64; 3], Never> = Map::with_options(FieldOptions::new().shards(shards));
        beside(true, &map, |round| {
            // Up to small sizes too, at which all there is lies in one block that moves.
            let many = [30, 300, 4000][usize::try_from(round % 3).expect("an index")];
            map.extend((ANCHORS..ANCHORS + many).map(|key| (key, value(key))));
            match round % 4 {
                0 => _ = map.retain(|&key, _| key < ANCHORS),
                1 => {
                    map.retain(|&key, _| key < ANCHORS);
                    map.shrink_to_fit();
                }
                _ => (ANCHORS..ANCHORS + many).for_each(|key| assert_eq!(map.remove(&key), Some(value(key)))),
            }
        });
        assert_eq!(map.len() as u64, ANCHORS);
    }
}

#[test]
fn expiring() {
    let map: Map<u64, [u64; 3], OwnOnly> = Map::new();
    beside(true, &map, |round| {
        for key in ANCHORS..ANCHORS + [300, 4000][usize::try_from(round % 2).expect("an index")] {
            map.insert_with_ttl(key, value(key), Duration::from_micros(key));
        }
        map.sweep();
    });
}

#[test]
fn taking_all_away() {
    for shards in [1, 2] {
        let map: Map<u64, [u64; 3], Never> = Map::with_options(FieldOptions::new().shards(shards));
        beside(false, &map, |round| {
            let many = [30, 300, 3000][usize::try_from(round % 3).expect("an index")];
            map.extend((0..many).map(|key| (key, value(key))));
            if round % 2 == 0 {
                map.clear();
            } else {
                ignore(map.drain());
            }
        });
    }
}

/// Two maps of one kind whose memory is taken and given back at once: no reader is led from one to the other.
#[test]
fn maps_that_come_and_go() {
    together(3, |thread| {
        for round in 0..steps() / 50 {
            let map: Map<u64, [u64; 3], Never> = Map::new();
            let of = |key| value(key ^ thread << 40 ^ round << 50);
            map.extend((0..500).map(|key| (key, of(key))));
            for key in 0..500 {
                assert_eq!(map.get(&key), Some(of(key)));
            }
        }
    });
}

/// What comes in after a map has been made small is found, whatever its size was.
#[test]
fn made_small() {
    for many in [0, 1, 20, 200, 5000, 70_000] {
        let map: Map<u64, [u64; 3], Never> = Map::with_options(FieldOptions::new().shards(1));
        map.extend((0..many).map(|key| (key, value(key))));
        map.shrink_to_fit();
        for key in many..many + many / 4 + 40 {
            assert_eq!(map.insert(key, value(key)), None);
            assert_eq!(map.get(&key), Some(value(key)), "{key}, after {many}");
        }
        assert!((0..many).all(|key| map.contains_key(&key)));
    }
}
