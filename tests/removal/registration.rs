//! One listener per field: registering it, replacing it, and dropping it.

use super::{
    common::policy::{Never, Of},
    log, news,
};
use sharded::{Cause, HasListener, ShardedMap, ShardedSet, evict::Unbounded, lock::Mutex, sharded};
use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, mpsc},
};

type Map = ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>>;

#[test]
fn a_second_listener_is_given_back() {
    let map = Map::new();
    let told = log(&map);
    let token = Arc::new(());
    let second = Arc::clone(&token);
    let HasListener { listener } = map.on_removal(move |_, _, _| drop(Arc::clone(&second))).unwrap_err();
    assert_eq!(Arc::strong_count(&token), 2);
    listener(&1, &1, Cause::Removed);
    drop(listener);
    assert_eq!(Arc::strong_count(&token), 1);
    assert!(map.removals(1).is_err());
    map.insert(1, 10);
    map.remove(&1);
    assert_eq!(news(&told), [(1, 10, Cause::Removed)], "the first one goes on");

    let map = Map::new();
    let _removals = map.removals(1).unwrap();
    assert!(map.on_removal(|_, _, _| ()).is_err());
    let set = ShardedSet::<u64, Of<Mutex, Never, Unbounded>>::new();
    set.on_removal(|_, _| ()).unwrap();
    assert!(set.on_removal(|_, _| ()).is_err());
}

#[test]
fn what_left_before_is_not_told() {
    let map = Map::new();
    map.insert(1, 10);
    map.insert(1, 11);
    map.insert(2, 20);
    map.remove(&2);
    let told = log(&map);
    map.remove(&1);
    assert_eq!(news(&told), [(1, 11, Cause::Removed)]);
}

#[test]
fn a_listener_is_dropped_with_its_map() {
    let map = Map::new();
    let token = Arc::new(());
    let held = Arc::clone(&token);
    map.on_removal(move |_, _, _| drop(Arc::clone(&held))).unwrap();
    map.insert(1, 10);
    map.remove(&1);
    drop(map);
    assert_eq!(Arc::strong_count(&token), 1);
}

thread_local! {
    /// What this thread does at the next call of the function of the index.
    static HOOK: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the function of an index takes references")]
fn hooked_name_of(_: &u64, name: &u64) -> u64 {
    if let Some(run) = HOOK.take() {
        run();
    }
    *name
}

#[sharded(shards = 1)]
struct Indexed {
    #[shard(unbounded = "a test")]
    users: HashMap<u64, u64>,
    #[shard(index_of = users, key = hooked_name_of)]
    by_name: HashMap<u64, u64>,
}

/// A call during which a listener is registered. Returns the value that it takes out.
type Call = fn(&Indexed, Box<dyn FnOnce()>) -> Option<u64>;

/// The call has begun without a listener, so it does not look for one again. What it did is counted nevertheless.
#[test]
fn a_removal_that_is_under_way_is_complete_without_the_listener() {
    let calls: [Call; 3] = [
        |store, register| store.users().remove_if(&1, |_| (register(), true).1),
        |store, register| {
            HOOK.set(Some(register));
            store.users().remove(&1)
        },
        |store, register| {
            HOOK.set(Some(register));
            store.users().insert(1, 8)
        },
    ];
    for (number, call) in calls.into_iter().enumerate() {
        let store = Arc::new(Indexed::new());
        store.users().insert(1, 7);
        let (gone, told) = mpsc::channel();
        let registering = Arc::clone(&store);
        let register = move || {
            let listener = move |&key: &u64, &value: &u64, cause| gone.send((key, value, cause)).unwrap();
            registering.users().on_removal(listener).map_err(|_| "a second listener").unwrap();
        };
        assert_eq!(call(&store, Box::new(register)), Some(7), "call {number}");
        let left = u64::from(number == 2);
        assert_eq!(store.users().len() as u64, left, "call {number}");
        assert_eq!(store.by_name().key(&7), None, "call {number}");
        assert!(told.try_recv().is_err(), "call {number}");

        store.users().insert(2, 9);
        store.users().remove(&2);
        assert_eq!(told.try_recv(), Ok((2, 9, Cause::Removed)), "call {number}");
    }
}
