//! The capacity belongs to the whole field: no entry is evicted or refused while any shard has room, and the capacity
//! is exceeded by at most one entry for each thread that is inserting.

mod common;

use common::{
    counted::{Counted, Ledger},
    policy::{Idle, Never, Of, OwnOnly},
    threads::{Dice, together},
};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::{Adaptive, Bounded, Eviction, Lru, MakesRoom, Reject, S3Fifo, Sieve, TinyLfu},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    shards::ShardCount as _,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const THREADS: u64 = 8;

type Field<L, X, E, const SHARDS: usize, const CAPACITY: usize, V = u64> =
    ShardedMap<u64, V, Of<L, X, E, System, SHARDS, CAPACITY>>;

/// A map in as many shards as its policy says, however small its capacity is.
fn in_all_shards<T: BuildField<P>, P: sharded::Policy>() -> T {
    T::build(&StoreOptions::new().start(), 0, FieldOptions::new().shards(P::Shards::count()))
}

/// A map with one shard and a clock of ours.
fn by_hand<T: BuildField<P>, P: sharded::Policy>(clock: &Manual) -> T {
    T::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new())
}

#[test]
fn nothing_is_refused_until_all_room_is_used() {
    for _ in 0..100 {
        let map: Field<Mutex, Never, Reject, 64, 2048> = in_all_shards();
        together(THREADS, |thread| {
            for n in 0..2048 / THREADS {
                map.try_insert(thread << 32 | n, n).expect("there is room for it");
            }
        });
        assert_eq!(map.len(), 2048);
        assert!(map.try_insert(u64::MAX, 0).is_err(), "now it is full");
    }
}

#[test]
fn nothing_is_evicted_until_all_room_is_used() {
    for _ in 0..60 {
        let (lru, sieve): (Field<Mutex, Never, Lru, 16, 1000>, Field<RwLock, Never, Sieve, 64, 1000>) =
            (in_all_shards(), in_all_shards());
        together(THREADS, |thread| {
            for n in 0..1000 / THREADS {
                lru.insert(thread << 32 | n, n);
                sieve.insert(thread << 32 | n, n);
            }
        });
        assert_eq!((lru.stats().evicted, lru.len()), (0, 1000));
        assert_eq!((sieve.stats().evicted, sieve.len()), (0, 1000));
    }
}

/// Each thread puts in and takes out its own share of the capacity: room that is given back must be found at once,
/// wherever it was hoarded.
#[test]
fn room_that_was_given_back_is_found() {
    const SHARE: u64 = 4096 / THREADS;
    let map: Field<Mutex, Never, Reject, 16, 4096> = in_all_shards();
    together(THREADS, |thread| {
        let mut dice = Dice::new(thread);
        let mut mine = Vec::new();
        for n in 0..40_000 {
            if mine.len() as u64 == SHARE || (!mine.is_empty() && dice.below(5) < 2) {
                let at = dice.below(mine.len() as u64);
                let key = mine.swap_remove(usize::try_from(at).expect("an index"));
                assert!(map.remove(&key).is_some());
            } else {
                let key = thread << 32 | n;
                assert!(map.try_insert(key, n).is_ok(), "refused with {} of {SHARE} in", mine.len());
                mine.push(key);
            }
        }
        for key in &mine {
            map.remove(key);
        }
    });
    assert!(map.is_empty());
    for key in 0..4096 {
        assert!(map.try_insert(key, key).is_ok(), "no unit of the capacity got lost");
    }
    assert!(map.try_insert(4096, 4096).is_err(), "and none came from nowhere");
}

#[test]
fn clear_and_drain_give_all_room_back() {
    let map: Field<Mutex, Never, Sieve, 8, 2000> = in_all_shards();
    for round in 0..6 {
        map.extend((0..2000).map(|key| (key, round)));
        assert_eq!((map.len(), map.stats().evicted), (2000, 0), "round {round}");
        if round % 2 == 0 {
            map.clear();
        } else {
            assert_eq!(map.drain().len(), 2000);
        }
    }
}

/// Values count themselves, so the bound is checked at every moment: besides what is stored, each thread holds the
/// value that comes and the one that leaves.
#[test]
fn the_capacity_is_kept_under_load() {
    fn check<E: MakesRoom, const SHARDS: usize, const CAPACITY: usize>()
    where
        Field<Mutex, Never, E, SHARDS, CAPACITY, Counted>: BuildField<Of<Mutex, Never, E, System, SHARDS, CAPACITY>>,
    {
        let ledger = Ledger::new();
        let map: Field<Mutex, Never, E, SHARDS, CAPACITY, Counted> = in_all_shards();
        together(THREADS, |thread| {
            let mut dice = Dice::new(thread);
            for _ in 0..4000 {
                let key = dice.below(4 * CAPACITY as u64);
                if dice.below(8) == 0 {
                    map.remove(&key);
                } else {
                    map.insert(key, ledger.value(key));
                }
            }
        });
        let threads = usize::try_from(THREADS).expect("a few threads");
        let most = ledger.most();
        // The value that comes in, one that was evicted here, and one more that was evicted for another thread's.
        assert!(most <= CAPACITY + 4 * threads, "{most} values alive with a capacity of {CAPACITY}");
        assert!(map.len() <= CAPACITY, "{} entries left in place of {CAPACITY}", map.len());
        assert_eq!(map.len(), ledger.alive());
    }
    check::<Lru, 1, 10>();
    check::<Lru, 64, 10>();
    check::<Sieve, 64, 1>();
    check::<Sieve, 16, 500>();
    check::<Adaptive, 1, 10>();
    check::<Adaptive, 64, 10>();
    check::<Adaptive, 4, 500>();
    check::<S3Fifo, 16, 10>();
    check::<S3Fifo, 4, 500>();
    check::<TinyLfu, 16, 10>();
    check::<TinyLfu, 4, 500>();
    check::<Nobody, 64, 10>();
}

/// One entry leaves for one that comes: a full map stays full, however many threads insert at once.
#[test]
fn no_more_leave_than_must() {
    const CAPACITY: usize = 32;
    for round in 0..300 {
        let map: Field<Mutex, Never, Lru, 256, CAPACITY> = in_all_shards();
        map.extend((0..32).map(|key| (key, round)));
        together(THREADS, |thread| {
            for n in 0..3 {
                map.insert((thread + 1) << 32 | n, n);
            }
        });
        assert_eq!(map.len(), CAPACITY, "round {round}");
    }
}

/// An eviction that never names a victim.
#[derive(Debug, Default)]
struct Nobody;
impl Bounded for Nobody {}
impl MakesRoom for Nobody {}
impl Eviction for Nobody {
    fn inserted(&mut self, _: u32) {}
    fn removed(&mut self, _: u32) {}
    fn moved(&mut self, _: u32, _: u32) {}
    fn victim(&mut self) -> Option<u32> {
        None
    }
}

#[test]
fn an_eviction_that_names_nobody_does_not_lift_the_capacity() {
    let map: Field<Mutex, Never, Nobody, 64, 10> = in_all_shards();
    for key in 0..1000 {
        map.insert(key, key);
        assert!(map.len() <= 10 && map.contains_key(&key));
    }
    assert_eq!(map.stats().evicted, 990);
}

/// The last entry that came leaves first. Its state is aligned to two cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Wide(Vec<u32>);
impl Bounded for Wide {}
impl MakesRoom for Wide {}
impl Eviction for Wide {
    fn inserted(&mut self, slot: u32) {
        self.0.push(slot);
    }
    fn removed(&mut self, slot: u32) {
        self.0.retain(|other| *other != slot);
    }
    fn moved(&mut self, from: u32, to: u32) {
        self.0.iter_mut().filter(|slot| **slot == from).for_each(|slot| *slot = to);
    }
    fn victim(&mut self) -> Option<u32> {
        self.0.last().copied()
    }
}

/// The table lies at a distance from what its lock-free readers follow that depends on the alignment.
#[test]
fn an_eviction_may_have_any_alignment() {
    fn check<L: Lock + Serves<u64, u64>>(map: &Field<L, Never, Wide, 2, 100>) {
        for key in 0..1000 {
            map.insert(key, key);
            assert!(map.len() <= 100 && map.get(&key) == Some(key));
        }
        map.clear();
        map.insert(1, 2);
        assert_eq!(map.to_vec(), [(1, 2)]);
    }
    check::<Mutex>(&in_all_shards());
    check::<RwLock>(&in_all_shards());
    check::<Optimistic>(&in_all_shards());
    check::<Rcu>(&in_all_shards());
}

/// Fewer units than shards: the entry that leaves is nearly always another shard's.
#[test]
fn a_capacity_of_one() {
    let map: Field<Mutex, Never, Lru, 64, 1> = in_all_shards();
    for key in 0..1000 {
        assert_eq!(map.insert(key, key), None);
        assert_eq!(map.to_vec(), [(key, key)]);
    }
    assert_eq!(map.stats().evicted, 999);
}

/// From inside a closure no other shard can be waited for. What is over is settled by then or by the next write.
#[test]
fn inserts_inside_closures_settle_what_they_can() {
    let map: Field<Mutex, Never, Lru, 64, 4> = in_all_shards();
    for n in 0..200_u64 {
        let outer = (n << 32..(n + 1) << 32).find(|key| map.shard_of(key) < 8).expect("a key of an early shard");
        map.insert(outer, n);
        map.with(&outer, |_| {
            for inner in 0..20 {
                let inner = n << 32 | 1 << 20 | inner;
                if map.shard_of(&inner) >= 8 {
                    map.insert(inner, n);
                    assert!(map.len() <= 4 + 1);
                }
            }
        });
        assert!(map.contains_key(&outer), "an entry in use is not evicted");
        map.insert(u64::MAX, n);
        assert!(map.len() <= 4);
    }
}

/// Two threads that insert inside closures, each holding a shard that the other would evict from: nobody waits.
#[test]
fn inserts_inside_closures_never_wait_for_each_other() {
    let map: Field<RwLock, Never, Lru, 2, 2> = in_all_shards();
    let keys: Vec<Vec<u64>> =
        (0..2).map(|shard| (0..1000).filter(|key| map.shard_of(key) == shard).take(50).collect()).collect();
    let done = AtomicBool::new(false);
    together(THREADS, |thread| {
        if thread == 0 {
            let mut other = 0;
            for _ in 0..2000 {
                other = (other + 1) % keys[1].len();
                map.compute(keys[0][other], |_| {
                    map.insert(keys[1][other], 0);
                    sharded::Change::Put(0, ())
                });
            }
            done.store(true, Ordering::Relaxed);
        }
        let mut dice = Dice::new(thread);
        while !done.load(Ordering::Relaxed) {
            map.insert(dice.below(1000), thread);
        }
    });
    map.insert(0, 0);
    assert!(map.len() <= 2);
}

#[test]
fn what_has_expired_leaves_before_what_lives() {
    let clock = Manual::new();
    let map: Field<Mutex, OwnOnly, Lru, 1, 3> = by_hand(&clock);
    // Deadlines that came to nothing must not hide the one that did not.
    for n in 1..30 {
        map.insert_with_ttl(100, 0, Duration::from_millis(300 * n));
        map.remove(&100);
    }
    map.insert(1, 1);
    map.insert(2, 2);
    map.insert_with_ttl(3, 3, Duration::from_secs(10));
    clock.advance(Duration::from_secs(20));
    map.insert(4, 4);
    let mut keys = map.keys();
    keys.sort_unstable();
    assert_eq!(keys, [1, 2, 4]);
    assert_eq!((map.stats().expired, map.stats().evicted), (1, 0));
}

#[test]
fn what_has_expired_makes_room_under_reject() {
    let clock = Manual::new();
    let map: Field<Mutex, Idle<1000>, Reject, 1, 6> = by_hand(&clock);
    for key in 0..6 {
        map.try_insert(key, key).expect("there is room");
    }
    clock.advance(Duration::from_millis(900));
    // These are looked at first, and are in use.
    for key in 0..5 {
        map.get(&key);
    }
    clock.advance(Duration::from_millis(900));
    assert!(map.try_insert(100, 100).is_ok(), "5 has expired");
    assert!(map.try_insert(101, 101).is_err(), "the others have not");
}

#[test]
fn capacities_are_overridden_and_checked() {
    fn is_huge<E: Bounded + MakesRoom>() {
        let options = FieldOptions::new().capacity(usize::MAX).shards(1);
        let huge: ShardedMap<u64, u64, Of<Mutex, Never, E, System, 16, 1000>> = ShardedMap::with_options(options);
        huge.insert(1, 1);
        assert_eq!((huge.capacity(), huge.len(), huge.stats().evicted), (Some(usize::MAX), 1, 0));
    }
    type Policy = Of<Mutex, Never, Lru, System, 16, 1000>;
    let map: ShardedMap<u64, u64, Policy> = ShardedMap::with_options(FieldOptions::new().capacity(3));
    map.extend((0..10).map(|key| (key, key)));
    assert_eq!((map.capacity(), map.len()), (Some(3), 3));
    is_huge::<Lru>();
    is_huge::<Adaptive>();
    is_huge::<S3Fifo>();
    is_huge::<TinyLfu>();
}

/// A capacity is no reservation: what an eviction remembers of keys that are gone goes by what is stored.
#[test]
fn memory_goes_by_entries_not_by_inserts() {
    fn check<E: Bounded + MakesRoom>() {
        let options = FieldOptions::new().capacity(1 << 40).shards(1);
        let map: ShardedMap<u64, u64, Of<Mutex, Never, E, System, 1, 1000>> = ShardedMap::with_options(options);
        let come_and_go = |keys: std::ops::Range<u64>, map: &ShardedMap<_, _, _>| {
            for key in keys {
                map.insert(key, key);
                map.remove(&key);
            }
            map.stats().table_bytes
        };
        let few = come_and_go(0..100, &map);
        assert_eq!(come_and_go(100..20_000, &map), few, "bytes with nothing stored");
        map.extend((0..20_000).map(|key| (key, key)));
        let full = map.stats().table_bytes;
        assert!(full < 20_000 * 80, "{full} bytes");
        for key in 0..20_000 {
            map.remove(&key);
        }
        map.shrink_to_fit();
        let empty = map.stats().table_bytes;
        assert!(empty < full / 20, "{empty} bytes are left of {full}");
    }
    check::<Lru>();
    check::<Sieve>();
    check::<Adaptive>();
    check::<S3Fifo>();
    check::<TinyLfu>();
}

/// More entries than one batch, some of which replace.
#[test]
fn what_of_many_finds_no_room_is_given_back_in_order() {
    let map = ShardedMap::<u64, u64, Of<Mutex, Never, Reject, System, 1, 50>>::new();
    let error = map.insert_many((0..100).map(|key| (key % 70, key))).unwrap_err();
    let refused: Vec<_> = error.refused.iter().map(|refused| (refused.key, refused.value)).collect();
    assert_eq!(refused, (50..70).map(|key| (key, key)).collect::<Vec<_>>());
    let replaced: Vec<_> = (0..100).map(|key| (key >= 70).then(|| key - 70)).collect();
    assert_eq!((error.replaced, map.stats().refused), (replaced, 20));
}
