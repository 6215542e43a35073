//! The counter `Stats::loads`.

use super::{Map, Mutex, Task, panics, task::Load};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
    evict::Unbounded,
};
use std::time::Duration;

/// What was started, what of it was to refresh, what failed, and who waited.
fn counts(stats: &sharded::Stats) -> (u64, u64, u64, u64) {
    let loads = stats.loads;
    (loads.started, loads.refreshes, loads.failed, loads.waits)
}

#[test]
fn every_load_is_counted_once() {
    let map = Map::<Mutex>::new();
    assert_eq!(map.get_or_load_with(1, || 1), 1);
    assert_eq!(map.get_or_load_with(1, || 1), 1);
    assert_eq!(counts(&map.stats()), (1, 0, 0, 0), "a hit is no load");
    assert!(map.get_or_try_insert_with(2, || Err::<u64, _>("no")).is_err());
    assert_eq!(counts(&map.stats()), (2, 0, 1, 0), "an error");
    panics(|| map.get_or_load_with(3, || panic!("the loader panics")));
    assert_eq!(counts(&map.stats()), (3, 0, 2, 0), "a panic");
    assert!(map.stats().loads.time > Duration::ZERO);
}

/// Its copy can't be made.
#[derive(Debug)]
struct NoCopy;

impl Clone for NoCopy {
    fn clone(&self) -> Self {
        panic!("it can't be copied")
    }
}

#[test]
fn a_load_whose_value_can_not_be_copied_has_failed() {
    let map = ShardedMap::<u64, NoCopy, super::Of<Mutex, super::Never, Unbounded>>::new();
    panics(|| map.get_or_load_with(1, || NoCopy));
    assert_eq!(counts(&map.stats()), (1, 0, 1, 0));
}

#[test]
fn tasks_that_wait_and_futures_that_are_dropped_are_counted() {
    let map = Map::<Mutex>::new();
    let load = Load::<Result<u64, &str>>::new();
    let leader = Task::waiting(map.get_or_try_insert_async(7, || load.run()));
    let waiter = Task::waiting(map.get_or_try_insert_async(7, async || Ok::<_, &str>(8)));
    assert_eq!(counts(&map.stats()), (1, 0, 0, 1));
    drop(leader);
    assert_eq!(counts(&map.stats()), (1, 0, 1, 1), "a dropped future is a failure");
    assert_eq!(waiter.end().unwrap(), 8);
    assert_eq!(counts(&map.stats()), (2, 0, 1, 1), "the one that waited has loaded");
    // A future that was never polled has begun nothing.
    drop(map.get_or_try_insert_async(9, async || Ok::<_, &str>(9)));
    assert_eq!(counts(&map.stats()), (2, 0, 1, 1));
}

#[test]
fn refreshes_are_counted() {
    type Refreshing = ShardedMap<u64, u64, super::Of<Mutex, super::common::policy::Refreshed<1000, 500>, Unbounded>>;
    let clock = Manual::new();
    let map = Refreshing::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new());
    assert_eq!(map.get_or_load_with(1, || 1), 1);
    clock.advance(Duration::from_millis(600));
    assert_eq!(map.get_or_load_with(1, || 2), 2);
    assert_eq!(counts(&map.stats()), (2, 1, 0, 0));
}
