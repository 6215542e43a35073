//! One listener per field: registering it, replacing it, and dropping it.

use super::{
    common::policy::{Never, Of},
    log, news,
};
use sharded::{Cause, HasListener, ShardedMap, ShardedSet, evict::Unbounded, lock::Mutex};
use std::sync::Arc;

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
