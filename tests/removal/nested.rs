//! A listener runs outside of all shards, and may use them all.

use super::{
    Told,
    common::{
        ignore, panics,
        policy::{Never, Of, Ttl},
    },
    log, news,
};
use sharded::{
    Cause, Change, ShardedMap,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
};
use std::sync::{Arc, OnceLock};

type Map<L> = ShardedMap<u64, u64, Of<L, Never, Unbounded>>;
type Expiring<L> = ShardedMap<u64, u64, Of<L, Ttl<3_600_000>, Unbounded>>;

/// Runs something in a closure.
type Enter<'a> = dyn FnMut(&mut dyn FnMut()) + 'a;

/// In each closure of an outer map, removals from an inner one are told once the closure's lock is released.
#[test]
fn inside_a_closure_it_waits_until_all_are_left() {
    fn under<L: Lock + Serves<u64, u64>>(outer: &Arc<Map<L>>)
    where
        Map<L>: Send + Sync + sharded::builder::BuildField<Of<L, Never, Unbounded>>,
    {
        let (middle, inner) = (Map::<Mutex>::new(), Expiring::<RwLock>::new());
        let told = Told::default();
        let (log, seen) = (Arc::clone(&told), Arc::clone(outer));
        inner
            .on_removal(move |&key, &value, cause| {
                // All of it can be accessed: nothing is locked, and this is not inside anything.
                seen.insert(1, seen.get(&1).unwrap_or(0) + 1);
                log.lock().unwrap().push((key, value, cause));
            })
            .unwrap();
        let mut key = 100;
        let mut outers: Vec<Box<Enter<'_>>> = vec![
            Box::new(|f| ignore(outer.with(&1, |_| f()))),
            Box::new(|f| ignore(outer.with_mut(&1, |_| f()))),
            Box::new(|f| ignore(outer.upsert(1, || 0, |_| f()))),
            Box::new(|f| outer.compute(1, |_| (f(), Change::Keep(())).1)),
            Box::new(|f| ignore(outer.remove_if(&1, |_| (f(), false).1))),
            Box::new(|f| outer.for_each(|_, _| f())),
            Box::new(|f| _ = outer.retain(|_, _| (f(), true).1)),
        ];
        for enter in &mut outers {
            outer.clear();
            outer.insert(1, 0);
            middle.insert(1, 0);
            let expected: Vec<_> = (key..key + 3).map(|key| (key, 7, Cause::Removed)).collect();
            enter(&mut || {
                for _ in 0..2 {
                    inner.insert(key, 7);
                    inner.remove(&key);
                    key += 1;
                }
                middle.with_mut(&1, |_| {
                    inner.insert(key, 7);
                    inner.remove(&key);
                    key += 1;
                });
                assert_eq!(news(&told), [], "not yet");
            });
            assert_eq!(news(&told), expected);
            // Not nested any more, so at once.
            inner.insert(1, 1);
            inner.remove(&1);
            assert_eq!(news(&told), [(1, 1, Cause::Removed)]);
        }
    }
    under(&Arc::new(Map::<Mutex>::new()));
    under(&Arc::new(Map::<RwLock>::new()));
    under(&Arc::new(Map::<Optimistic>::new()));
}

#[test]
fn a_panic_in_the_closure_does_not_keep_it_back() {
    let (outer, inner) = (Map::<Mutex>::new(), Map::<Mutex>::new());
    let told = log(&inner);
    outer.insert(1, 0);
    inner.insert(1, 10);
    panics(|| {
        outer.with_mut(&1, |_| {
            inner.remove(&1);
            panic!("on purpose");
        })
    });
    assert_eq!(news(&told), [(1, 10, Cause::Removed)]);
    panics(|| inner.upsert(2, || panic!("on purpose"), |_| ()).is_some());
    assert_eq!(news(&told), []);
}

#[test]
fn what_was_removed_before_a_panic_is_told() {
    let map = ShardedMap::<u64, u64, Of<Mutex, Never, Unbounded, sharded::clock::System, 1>>::new();
    let told = log(&map);
    map.extend((0..10).map(|key| (key, key)));
    let mut asked = 0;
    panics(|| {
        map.retain(|_, _| {
            asked += 1;
            assert!(asked < 4, "on purpose");
            false
        });
    });
    assert_eq!((news(&told).len(), map.len()), (3, 7));
}

#[test]
fn a_dropped_map_still_tells_what_had_left() {
    let (outer, inner) = (Map::<Mutex>::new(), Map::<Mutex>::new());
    let told = log(&inner);
    outer.insert(1, 0);
    inner.insert(1, 10);
    inner.insert(2, 20);
    outer.with_mut(&1, |_| {
        inner.remove(&1);
        drop(inner);
        assert_eq!(news(&told), []);
    });
    assert_eq!(news(&told), [(1, 10, Cause::Removed)], "and not what was there when it was dropped");
}

/// A listener that removes from its own map: told afterwards, one after the other, not within each other.
#[test]
fn a_listener_may_remove() {
    let map = Arc::new(Map::<Mutex>::new());
    let (log, told) = (Told::default(), Told::default());
    let (own, noted) = (Arc::downgrade(&map), Arc::clone(&log));
    let finished = Arc::clone(&told);
    map.on_removal(move |&key, &value, cause| {
        noted.lock().unwrap().push((key, value, cause));
        if let Some(map) = own.upgrade()
            && key > 0
        {
            map.insert(key - 1, value + 1);
            assert_eq!(map.insert(key - 1, value + 2), Some(value + 1));
            assert_eq!(map.remove(&(key - 1)), Some(value + 2));
            if cause == Cause::Replaced {
                map.clear();
            }
        }
        finished.lock().unwrap().push((key, value, cause));
    })
    .unwrap();
    map.insert(3, 0);
    map.remove(&3);
    let told = news(&told);
    assert_eq!(news(&log), told, "one call ends before the next begins");
    // 3, then for each of it two of 2, for each of those two of 1, and so on.
    assert_eq!(told.len(), 1 + 2 + 4 + 8);
    assert_eq!(told[..3], [(3, 0, Cause::Removed), (2, 1, Cause::Replaced), (2, 2, Cause::Removed)]);
    assert!(map.is_empty());
    assert_eq!(map.stats().listener_panics, 0);
}

/// Two maps whose listeners remove from each other.
#[test]
fn listeners_may_call_each_other() {
    type Pair = Arc<[Map<Mutex>; 2]>;
    let maps: Pair = Arc::new([Map::new(), Map::new()]);
    let told = [Told::default(), Told::default()];
    for (index, map) in maps.iter().enumerate() {
        let (all, log) = (OnceLock::from(Arc::downgrade(&maps)), Arc::clone(&told[index]));
        map.on_removal(move |&key, &value, cause| {
            log.lock().unwrap().push((key, value, cause));
            let maps = all.get().and_then(std::sync::Weak::upgrade).unwrap();
            if key > 0 {
                maps[1 - index].insert(key - 1, value);
                maps[1 - index].remove(&(key - 1));
            }
        })
        .unwrap();
    }
    maps[0].insert(9, 1);
    maps[0].remove(&9);
    let keys = |index: usize| news(&told[index]).into_iter().map(|(key, ..)| key).collect::<Vec<_>>();
    assert_eq!((keys(0), keys(1)), (vec![9, 7, 5, 3, 1], vec![8, 6, 4, 2, 0]));
}
