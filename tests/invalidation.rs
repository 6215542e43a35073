//! `invalidate_all`: at once no entry is seen any more. Later calls and the background thread drop the entries step by
//! step.

mod common;

use common::{
    counted::{Counted, Ledger},
    eventually,
    locks::StdRwLock,
    message,
    policy::{Never, Of, Times, Ttl},
    threads::together,
};
use sharded::{
    Cause, ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::{Lru, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    sharded,
};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex as StdMutex, mpsc},
    thread::{self, ThreadId},
    time::Duration,
};

type Map<V, X = Never, L = Mutex> = ShardedMap<u64, V, Of<L, X, Unbounded, System, 4>>;

fn by_hand<V, X: Times>() -> Map<V, X>
where
    Map<V, X>: BuildField<Of<Mutex, X, Unbounded, System, 4>>,
{
    BuildField::build(&StoreOptions::new().sweep_by_hand().start(), 0, FieldOptions::new())
}

fn fill(map: &Map<Counted, impl Times>, ledger: &Ledger, entries: u64) {
    map.extend((0..entries).map(|key| (key, ledger.value(key))));
}

#[test]
fn what_was_there_is_gone_for_every_call() {
    let map: Map<u64, Ttl<3_600_000>> = ShardedMap::new();
    map.extend((0..1000).map(|key| (key, key)));
    map.invalidate_all();
    assert_eq!((map.len(), map.live_len(), map.weight(), map.sweep()), (0, 0, 0, 0));
    assert!((0..1000).all(|key| map.get(&key).is_none() && map.ttl_of(&key).is_none() && !map.touch(&key)));
    assert!(map.to_vec().is_empty() && map.drain().is_empty());
    assert_eq!((map.insert(7, 70), map.remove(&7), map.remove(&7)), (None, Some(70), None));
    let set: ShardedSet<u64, Of<RwLock, Never, Unbounded>> = ShardedSet::new();
    set.insert(7);
    set.invalidate_all();
    assert!(set.is_empty() && set.insert(7));
}

#[test]
fn the_room_is_there_at_once() {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "what a weigher is given")]
    fn weight(_: &u64, &weight: &u32) -> u32 {
        weight
    }
    #[sharded]
    struct Cache {
        #[shard(capacity = 1000)]
        entries: HashMap<u64, u32>,
        #[shard(capacity = 1000, weight = weight, evict = Reject)]
        weights: HashMap<u64, u32>,
    }
    let cache = Cache::builder().sweep_by_hand().build();
    for _ in 0..3 {
        (0..1000).for_each(|key| _ = cache.entries().insert(key, 1));
        (0..10).for_each(|key| assert!(cache.weights().try_insert(key, 100).is_ok()));
        assert_eq!((cache.entries().len(), cache.weights().weight()), (1000, 1000));
        cache.entries().invalidate_all();
        cache.weights().invalidate_all();
        assert_eq!((cache.entries().len(), cache.weights().weight(), cache.weights().len()), (0, 0, 0));
    }
    assert_eq!(cache.entries().stats().evicted, 0);
}

#[test]
fn values_are_dropped_once_by_the_next_who_cares() {
    let ledger = Ledger::new();
    let map = by_hand::<Counted, Ttl<3_600_000>>();
    fill(&map, &ledger, 1000);
    map.invalidate_all();
    assert_eq!(ledger.alive(), 1000, "not by the caller");
    // What is put in anew is left alone.
    fill(&map, &ledger, 10);
    assert_eq!((map.sweep(), ledger.alive(), map.len()), (0, 10, 10));
    fill(&map, &ledger, 1000);
    map.invalidate_all();
    fill(&map, &ledger, 100);
    map.invalidate_all();
    assert_eq!(ledger.alive(), 100, "a call drops what an earlier one has left");
    fill(&map, &ledger, 10);
    drop(map);
    assert_eq!(ledger.alive(), 0);
}

/// Where it was dropped.
struct Tells(mpsc::Sender<ThreadId>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

#[test]
fn values_are_dropped_in_the_background_also_without_expiry() {
    let (sender, dropped) = mpsc::channel();
    let map: Map<Tells> = ShardedMap::new();
    for _ in 0..3 {
        map.extend((0..10_000).map(|key| (key, Tells(sender.clone()))));
        map.invalidate_all();
        let all: Vec<_> = dropped.iter().take(10_000).collect();
        assert!(all.iter().all(|&thread| thread != thread::current().id()));
    }
    drop((map, sender));
    assert_eq!(dropped.iter().count(), 0, "each once");
}

#[test]
fn memory_goes_back() {
    let map: Map<u64> = ShardedMap::new();
    let empty = map.stats().table_bytes;
    map.extend((0..100_000).map(|key| (key, key)));
    let full = map.stats().table_bytes;
    map.invalidate_all();
    eventually("the tables are gone", || map.stats().table_bytes < full / 100 + 2 * empty + 4096);
}

/// It panics when it is dropped, if it is odd.
struct Odd(Counted);

impl Drop for Odd {
    fn drop(&mut self) {
        assert!(self.0.number.is_multiple_of(2), "an odd one");
    }
}

#[test]
fn a_panic_in_a_drop_stops_nothing() {
    let ledger = Ledger::new();
    let map = by_hand::<Odd, Never>();
    map.extend((0..1000).map(|key| (key, Odd(ledger.value(key)))));
    map.invalidate_all();
    assert_eq!(ledger.alive(), 1000);
    let mut panicked = 0;
    while ledger.alive() > 0 {
        let before = ledger.alive();
        // The last batch may be of a few even ones: which they are depends on the hashes.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| map.sweep())) {
            assert_eq!(message(&*panic), "an odd one");
            panicked += 1;
        }
        assert!(ledger.alive() < before);
    }
    assert!(panicked > 0);
    let map: Map<Odd> = ShardedMap::new();
    map.extend((0..1000).map(|key| (key, Odd(ledger.value(key)))));
    map.invalidate_all();
    eventually("the thread goes on", || ledger.alive() == 0);
}

#[test]
fn a_listener_is_told_of_each_in_order() {
    let clock = Manual::new();
    let map: Map<u64, Ttl<1000>> =
        BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new());
    let told = Arc::new(StdMutex::new(Vec::new()));
    let log = Arc::clone(&told);
    map.on_removal(move |&key, &value, cause| log.lock().unwrap().push((key, value, cause))).unwrap();
    map.insert(1, 10);
    clock.advance(Duration::from_secs(1));
    map.extend((2..500).map(|key| (key, key)));
    map.invalidate_all();
    map.insert(2, 20);
    map.remove(&2);
    let mut told = told.lock().unwrap().clone();
    assert_eq!(told.pop(), Some((2, 20, Cause::Removed)));
    told.sort_by_key(|&(key, ..)| key);
    let causes = (2..500).map(|key| (key, key, Cause::Cleared));
    assert!(told.into_iter().eq([(1, 10, Cause::Expired)].into_iter().chain(causes)));
}

/// Each thread has keys of its own, so it knows what there is of them; the calls of the others are in between.
fn among_threads<L, X, E, const N: usize>()
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: sharded::evict::MakesRoom,
    ShardedMap<u64, u64, Of<L, X, E, System, 4, N>>: BuildField<Of<L, X, E, System, 4, N>> + Sync,
{
    let map = ShardedMap::<u64, u64, Of<L, X, E, System, 4, N>>::new();
    together(4, |thread| {
        for turn in 0..200 {
            let keys = thread * 1000..thread * 1000 + 100;
            map.extend(keys.clone().map(|key| (key, turn)));
            // Another thread may have taken them, but nobody may see an older one.
            assert!(keys.clone().all(|key| map.get(&key).is_none_or(|seen| seen == turn)));
            map.invalidate_all();
            assert!(keys.clone().all(|key| map.get(&key).is_none()));
            map.for_each(|key, _| assert!(!keys.contains(key)));
        }
    });
    assert_eq!((map.len(), map.live_len()), (0, 0));
    map.insert(1, 1);
    assert_eq!(map.get(&1), Some(1));
}

#[test]
fn no_thread_sees_what_it_has_invalidated() {
    among_threads::<Mutex, Never, Unbounded, 0>();
    among_threads::<RwLock, Ttl<3_600_000>, Unbounded, 0>();
    among_threads::<Optimistic, Never, Unbounded, 0>();
    among_threads::<Rcu, Never, Unbounded, 0>();
    among_threads::<Optimistic, Ttl<3_600_000>, Lru, 10_000>();
    among_threads::<Rcu, Ttl<3_600_000>, Lru, 10_000>();
    among_threads::<StdRwLock, Never, Lru, 10_000>();
}
