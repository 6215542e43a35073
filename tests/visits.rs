//! A visit to all entries releases the lock between steps. An entry that stays in the map is seen exactly once, also if
//! others are inserted, removed or moved meanwhile.

mod common;

use common::{
    ignore,
    locks::StdRwLock,
    policy::{Never, Of, Ttl},
    threads::{Dice, together},
};
use sharded::{
    Change, ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions},
    clock::System,
    evict::Unbounded,
    lock::{Lock, Mutex, RwLock, Serves},
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

type Map<L, X = Never> = ShardedMap<u64, u64, Of<L, X, Unbounded>>;

/// These stay.
const STAY: u64 = 500;
/// These come and go.
const GO: u64 = 4000;

/// Six threads that disturb, two that visit.
fn visits<L: Lock + Serves<u64, u64>>(shards: usize)
where
    Map<L>: BuildField<Of<L, Never, Unbounded>> + Sync,
{
    let map: Map<L> = ShardedMap::with_options(FieldOptions::new().shards(shards));
    // Those that stay lie among those that go, and at the end too, from where compaction moves them.
    for key in 0..STAY + GO {
        map.insert(key, 0);
    }
    let stays = |key: u64| key.is_multiple_of((STAY + GO) / STAY);
    let staying: Vec<u64> = (0..STAY + GO).filter(|&key| stays(key)).collect();
    let visitors_left = AtomicUsize::new(2);
    together(8, |thread| {
        if thread < 2 {
            for round in 0..25 {
                let mut seen = match round % 5 {
                    0 => map.keys(),
                    1 => map.to_vec().into_iter().map(|(key, _)| key).collect(),
                    2 => {
                        let mut seen = Vec::new();
                        map.for_each(|&key, _| seen.push(key));
                        seen
                    }
                    3 => {
                        assert!(map.live_len() >= staying.len());
                        map.keys()
                    }
                    _ => {
                        let mut seen = Vec::new();
                        map.retain(|&key, _| {
                            seen.push(key);
                            stays(key) || key % 2 == 0
                        });
                        seen
                    }
                };
                seen.retain(|&key| stays(key));
                seen.sort_unstable();
                assert!(seen == staying, "{} of {} were seen, or some of them twice", seen.len(), staying.len());
            }
            visitors_left.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let mut dice = Dice::new(thread);
        let mut steps = 0;
        while visitors_left.load(Ordering::Relaxed) > 0 {
            steps += 1;
            let key = dice.below(STAY + GO);
            if stays(key) {
                // To change or replace one is not to take it away.
                match dice.below(4) {
                    0 => ignore(map.insert(key, steps)),
                    1 => ignore(map.with_mut(&key, |value| *value += 1)),
                    2 => map.compute(key, |_| Change::Put(steps, ())),
                    _ => ignore(map.get(&key)),
                }
                continue;
            }
            // It fills up, and then nearly empties, so that the table gets sparse and is compacted.
            if steps / 4000 % 2 == 0 {
                map.insert(key, steps);
            } else {
                map.remove(&key);
            }
            if thread == 2 && steps % 512 == 0 {
                map.shrink_to_fit();
            }
        }
    });
    assert!(staying.iter().all(|key| map.contains_key(key)));
}

#[test]
fn what_stays_is_seen_once() {
    for shards in [1, 4] {
        visits::<Mutex>(shards);
        visits::<RwLock>(shards);
        visits::<StdRwLock>(shards);
    }
}

/// What expires meanwhile is swept and its slots are given back: as above, with a ttl that ends during the visits.
#[test]
fn what_stays_is_seen_once_while_others_expire() {
    let map: Map<Mutex, Ttl<3_600_000>> = ShardedMap::with_options(FieldOptions::new().shards(1));
    map.extend((0..STAY).map(|key| (key, 0)));
    let done = AtomicBool::new(false);
    together(4, |thread| {
        if thread == 0 {
            for _ in 0..60 {
                let mut seen = map.keys();
                seen.retain(|&key| key < STAY);
                seen.sort_unstable();
                assert!(seen.iter().copied().eq(0..STAY));
            }
            done.store(true, Ordering::Relaxed);
            return;
        }
        let mut dice = Dice::new(thread);
        while !done.load(Ordering::Relaxed) {
            let key = STAY + dice.below(GO);
            map.insert_with_ttl(key, 0, std::time::Duration::from_millis(dice.below(300)));
            if dice.below(2000) == 0 {
                map.sweep();
            }
        }
    });
    map.retain(|&key, _| key < STAY);
    assert_eq!(map.len(), map.live_len());
}

/// `drain` gives every entry to one caller only, and `clear` and `drain` leave no slot behind that a visit would trip
/// over.
#[test]
fn what_is_drained_is_drained_once() {
    const EACH: u64 = 20_000;
    let set: ShardedSet<u64, Of<Mutex, Never, Unbounded, System, 4>> = ShardedSet::new();
    let inserters_left = AtomicUsize::new(4);
    let mut drained: Vec<u64> = together(8, |thread| {
        let mut drained = Vec::new();
        if thread < 4 {
            for n in 0..EACH {
                assert!(set.insert(thread * EACH + n));
            }
            inserters_left.fetch_sub(1, Ordering::Relaxed);
        } else {
            while inserters_left.load(Ordering::Relaxed) > 0 {
                drained.extend(set.drain());
                set.for_each(|&key| assert!(key < 4 * EACH));
            }
        }
        drained
    })
    .concat();
    drained.extend(set.drain());
    drained.sort_unstable();
    assert!(drained.into_iter().eq(0..4 * EACH));
    assert!(set.is_empty());
}

/// The lock is free between two batches: who wants to write does not wait for the end of the visit.
#[test]
fn a_visit_lets_others_in() {
    fn check(visit: impl Fn(&Map<Mutex>, &mut dyn FnMut())) {
        const MANY: usize = 3000;
        let map: Map<Mutex> = ShardedMap::with_options(FieldOptions::new().shards(1));
        map.extend((0..MANY as u64).map(|key| (key, 0)));
        let (begun, got_in) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !begun.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                map.insert(u64::MAX, 1);
                got_in.store(true, Ordering::Relaxed);
            });
            let (mut seen, mut got_in_before_the_end) = (0, false);
            visit(&map, &mut || {
                begun.store(true, Ordering::Relaxed);
                seen += 1;
                if seen % 64 == 0 {
                    // So long that the lock is then handed over to who waits for it.
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                got_in_before_the_end |= got_in.load(Ordering::Relaxed);
            });
            assert!(seen >= MANY && got_in_before_the_end);
        });
    }
    check(|map, see| map.for_each(|_, _| see()));
    check(|map, see| {
        map.retain(|_, _| {
            see();
            true
        });
    });
}
