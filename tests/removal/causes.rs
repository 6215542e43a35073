//! Every way out of a map, with its cause.

use super::{
    common::{
        eventually, ignore,
        locks::StdRwLock,
        policy::{Never, Of, Ttl},
    },
    log, map_with, news,
};
use sharded::{
    Cause, Change, ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions},
    clock::{Manual, System},
    evict::{Lru, MakesRoom, Reject, Sieve, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};

const TTL: Duration = Duration::from_secs(10);

type Lasting<L, E> = Of<L, Never, E, System, 4>;
type Passing<L, E> = Of<L, Ttl<10_000>, E, System, 1>;

macro_rules! under_each_lock {
    ($($test:ident)*) => {$(
        #[test]
        fn $test() {
            of::$test::<Mutex>();
            of::$test::<RwLock>();
            of::$test::<Optimistic>();
            of::$test::<Rcu>();
            of::$test::<StdRwLock>();
        }
    )*};
}
under_each_lock! {
    what_is_replaced_or_removed
    what_is_changed_in_place_or_refused_has_not_left
    what_has_expired_whoever_finds_it
    what_makes_room
}

mod of {
    use super::*;

    pub(super) fn what_is_replaced_or_removed<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Lasting<L, Unbounded>>: BuildField<Lasting<L, Unbounded>>,
        ShardedMap<u64, u64, Lasting<L, Lru>>: BuildField<Lasting<L, Lru>>,
        ShardedMap<u64, u64, Passing<L, Sieve>>: BuildField<Passing<L, Sieve>>,
    {
        let clock = Manual::new();
        leaves_by_calls(&map_with(&clock, FieldOptions::<Lasting<L, Unbounded>>::new()));
        leaves_by_calls(&map_with(&clock, FieldOptions::<Lasting<L, Lru>>::new().capacity(1000)));
        leaves_by_calls(&map_with(&clock, FieldOptions::<Passing<L, Sieve>>::new().capacity(1000)));
    }

    fn leaves_by_calls<L, X, E, const N: usize>(map: &ShardedMap<u64, u64, Of<L, X, E, System, N>>)
    where
        L: Lock + Serves<u64, u64>,
        X: super::super::common::policy::Times,
        E: MakesRoom,
    {
        let told = log(map);
        map.insert(1, 10);
        assert_eq!(news(&told), []);
        assert_eq!(map.insert(1, 11), Some(10));
        assert_eq!(news(&told), [(1, 10, Cause::Replaced)]);
        assert_eq!(map.try_insert(1, 12).unwrap(), Some(11));
        assert_eq!(news(&told), [(1, 11, Cause::Replaced)]);
        map.compute(1, |_| Change::Put(13, ()));
        assert_eq!(news(&told), [(1, 12, Cause::Replaced)]);
        map.extend([(1, 14)]);
        assert_eq!(news(&told), [(1, 13, Cause::Replaced)]);

        assert_eq!(map.remove(&1), Some(14));
        assert_eq!(news(&told), [(1, 14, Cause::Removed)]);
        assert_eq!(map.remove(&1), None);
        map.insert(1, 15);
        assert_eq!(map.remove_if(&1, |&value| value == 0), None);
        assert_eq!(news(&told), []);
        assert_eq!(map.remove_if(&1, |&value| value == 15), Some(15));
        assert_eq!(news(&told), [(1, 15, Cause::Removed)]);
        map.insert(1, 16);
        assert_eq!(map.remove_entry(&1), Some((1, 16)));
        assert_eq!(news(&told), [(1, 16, Cause::Removed)]);
        map.insert(1, 17);
        map.compute(1, |_| Change::Remove(()));
        assert_eq!(news(&told), [(1, 17, Cause::Removed)]);

        let all = |cause| (0..300).map(|key| (key, key, cause)).collect::<Vec<_>>();
        let sorted = || {
            let mut news = news(&told);
            news.sort_unstable_by_key(|&(key, ..)| key);
            news
        };
        let fill = || map.extend((0..300).map(|key| (key, key)));
        fill();
        map.retain(|_, _| false);
        assert_eq!(sorted(), all(Cause::Removed));
        fill();
        let mut drained = map.drain();
        drained.sort_unstable();
        assert_eq!(drained, (0..300).map(|key| (key, key)).collect::<Vec<_>>());
        assert_eq!(sorted(), all(Cause::Removed));
        fill();
        map.clear();
        assert_eq!(sorted(), all(Cause::Cleared));
        assert!(map.is_empty());
    }

    pub(super) fn what_is_changed_in_place_or_refused_has_not_left<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Lasting<L, Unbounded>>: BuildField<Lasting<L, Unbounded>>,
        ShardedMap<u64, u64, Lasting<L, Reject>>: BuildField<Lasting<L, Reject>>,
    {
        let map = map_with(&Manual::new(), FieldOptions::<Lasting<L, Unbounded>>::new());
        let told = log(&map);
        map.insert(1, 10);
        map.with_mut(&1, |value| *value += 1);
        map.upsert(1, || 0, |value| *value += 1);
        map.compute(1, |value| {
            *value.unwrap() += 1;
            Change::Keep(())
        });
        map.retain(|_, value| {
            *value += 1;
            true
        });
        map.insert_if_absent(1, 0).unwrap_err();
        map.get_or_insert_with(1, || 0);
        map.shrink_to_fit();
        assert_eq!((map.get(&1), news(&told)), (Some(14), vec![]));
        drop(map);
        assert_eq!(news(&told), [], "what was there when it was dropped");

        let full = map_with(&Manual::new(), FieldOptions::<Lasting<L, Reject>>::new().capacity(1));
        let told = log(&full);
        full.try_insert(1, 10).unwrap();
        full.try_insert(2, 20).unwrap_err();
        assert_eq!(news(&told), []);
    }

    pub(super) fn what_has_expired_whoever_finds_it<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Passing<L, Unbounded>>: BuildField<Passing<L, Unbounded>>,
    {
        type Map<L> = ShardedMap<u64, u64, Passing<L, Unbounded>>;
        let finders: [fn(&Map<L>); 21] = [
            |map| ignore(map.insert(1, 0)),
            |map| ignore(map.insert(2, 0)), // in the same shard
            |map| ignore(map.try_insert(1, 0)),
            |map| ignore(map.insert_with_ttl(1, 0, TTL)),
            |map| ignore(map.insert_if_absent(1, 0)),
            |map| ignore(map.upsert(1, || 0, |_| ())),
            |map| map.compute(1, |_| Change::Put(0, ())),
            |map| map.compute(1, |_| Change::Remove(())),
            |map| ignore(map.get_or_insert_with(1, || 0)),
            |map| ignore(map.with_mut(&1, |_| ())),
            |map| ignore(map.remove(&1)),
            |map| ignore(map.remove_entry(&1)),
            |map| ignore(map.remove_if(&1, |_| true)),
            |map| ignore(map.expire_in(&1, TTL)),
            |map| ignore(map.touch(&1)),
            |map| _ = map.retain(|_, _| true),
            |map| _ = map.retain(|_, _| false),
            |map| assert_eq!(map.drain(), []),
            |map| map.clear(),
            |map| assert_eq!(map.sweep(), 1),
            |map| map.extend([(1, 0)]),
        ];
        for (index, find) in finders.into_iter().enumerate() {
            let clock = Manual::new();
            let map: Map<L> = map_with(&clock, FieldOptions::new());
            let told = log(&map);
            map.insert(1, 10);
            // Long enough for its removal to be due, too.
            clock.advance(2 * TTL);
            assert_eq!(
                (map.get(&1), map.with(&1, |_| ()), news(&told)),
                (None, None, vec![]),
                "reads take out nothing"
            );
            find(&map);
            assert_eq!(news(&told), [(1, 10, Cause::Expired)], "{index}");
        }
    }

    pub(super) fn what_makes_room<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Lasting<L, Lru>>: BuildField<Lasting<L, Lru>>,
        ShardedMap<u64, u64, Passing<L, Lru>>: BuildField<Passing<L, Lru>>,
    {
        type Put<L> = fn(&ShardedMap<u64, u64, Lasting<L, Lru>>, u64);
        // Of the same shard or of another one: with a capacity of one, the new one alone stays.
        let map = map_with(&Manual::new(), FieldOptions::<Lasting<L, Lru>>::new().capacity(1));
        let told = log(&map);
        let puts: [Put<L>; 6] = [
            |map, key| ignore(map.insert(key, key)),
            |map, key| ignore(map.try_insert(key, key)),
            |map, key| ignore(map.insert_if_absent(key, key)),
            |map, key| ignore(map.upsert(key, || key, |_| ())),
            |map, key| map.compute(key, |_| Change::Put(key, ())),
            |map, key| ignore(map.get_or_insert_with(key, || key)),
        ];
        map.insert(0, 0);
        for key in 1..100 {
            puts[usize::try_from(key).unwrap() % puts.len()](&map, key);
            assert_eq!(news(&told), [(key - 1, key - 1, Cause::Evicted)]);
        }

        // What has expired makes room first, and is told so.
        let clock = Manual::new();
        let map = map_with(&clock, FieldOptions::<Passing<L, Lru>>::new().capacity(2));
        let told = log(&map);
        map.insert(1, 10);
        clock.advance(TTL / 2);
        map.insert(2, 20);
        clock.advance(TTL / 2);
        map.insert(3, 30);
        assert_eq!(news(&told), [(1, 10, Cause::Expired)]);
        map.insert(4, 40);
        assert_eq!(news(&told), [(2, 20, Cause::Evicted)]);
    }
}

#[test]
fn what_the_background_thread_removes() {
    let map = ShardedMap::<u64, u64, Of<Mutex, Ttl<1>, Unbounded>>::new();
    let told = log(&map);
    map.insert(1, 10);
    eventually("it is told", || !told.lock().unwrap().is_empty());
    assert_eq!(news(&told), [(1, 10, Cause::Expired)]);
}

#[test]
fn what_leaves_a_set() {
    let set = ShardedSet::<u64, Of<Mutex, Never, Lru, System, 1, 2>>::new();
    let told = Arc::new(StdMutex::new(Vec::new()));
    let log = Arc::clone(&told);
    set.on_removal(move |&key, cause| log.lock().unwrap().push((key, cause))).unwrap();
    for key in [1, 1, 2, 3] {
        set.insert(key); // the second one replaces nothing
    }
    set.remove(&2);
    set.clear();
    assert_eq!(*told.lock().unwrap(), [(1, Cause::Evicted), (2, Cause::Removed), (3, Cause::Cleared)]);

    let set = ShardedSet::<u64, Of<Mutex, Never, Unbounded>>::new();
    let mut removals = set.removals(10).unwrap();
    assert!(set.removals(10).is_err());
    for key in [1, 1] {
        set.insert(key);
    }
    assert_eq!(set.take(&1), Some(1));
    let told: Vec<_> = std::iter::from_fn(|| removals.try_recv()).map(|gone| (gone.key, gone.cause)).collect();
    assert_eq!(told, [(1, Cause::Removed)]);
}
