//! Panics of user code in the course of removals lose no entry.

use super::common::{
    counted::Ledger,
    panics,
    policy::{Never, Of},
};
use sharded::{Cause, ShardedMap, clock::System, evict::Unbounded, lock::Mutex};
use std::sync::{
    Arc, Mutex as StdMutex,
    atomic::{AtomicUsize, Ordering},
};

type Parts = Of<Mutex, Never, Unbounded, System, 1>;

#[test]
fn a_listener_that_panics_is_contained_and_counted() {
    let map = ShardedMap::<u64, u64, Parts>::new();
    let told = Arc::new(StdMutex::new(Vec::new()));
    let log = Arc::clone(&told);
    map.on_removal(move |&key, _, _| {
        log.lock().unwrap().push(key);
        assert!(!key.is_multiple_of(3), "on purpose");
    })
    .unwrap();
    map.extend((0..100).map(|key| (key, key)));
    assert_eq!(map.remove(&0), Some(0));
    map.clear();
    let mut told = std::mem::take(&mut *told.lock().unwrap());
    told.sort_unstable();
    assert_eq!(told, (0..100).collect::<Vec<_>>());
    assert_eq!(map.stats().listener_panics, 34);
}

/// A value whose drop panics, where it is told to.
#[derive(Clone)]
struct Bad(bool, Arc<AtomicUsize>);

impl Drop for Bad {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0 || std::thread::panicking(), "on purpose");
    }
}

#[test]
fn a_drop_that_panics_is_contained_and_counted() {
    let map = ShardedMap::<u64, Bad, Parts>::new();
    let (told, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let log = Arc::clone(&told);
    map.on_removal(move |_, _, _| _ = log.fetch_add(1, Ordering::SeqCst)).unwrap();
    map.extend((0..200_u64).map(|key| (key, Bad(key.is_multiple_of(2), Arc::clone(&dropped)))));
    map.retain(|&key, _| key >= 100);
    map.clear();
    assert_eq!((told.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst)), (200, 200));
    assert_eq!(map.stats().listener_panics, 100);
}

/// Where a channel is full the entries are dropped by who removes them, as without a listener.
#[test]
fn clear_goes_on_where_a_drop_panics() {
    let map = ShardedMap::<u64, Bad, Parts>::new();
    let dropped = Arc::new(AtomicUsize::new(0));
    let removals = map.removals(1).unwrap();
    map.extend((0..200).map(|key| (key, Bad(true, Arc::clone(&dropped)))));
    assert_eq!(panics(|| map.clear()), "on purpose");
    assert!(map.is_empty());
    assert_eq!((removals.missed(), dropped.load(Ordering::SeqCst)), (199, 199));
    panics(|| drop(removals));
}

/// A value whose copy panics, where it is told to.
#[derive(Debug)]
struct Uncopied(bool);

impl Clone for Uncopied {
    fn clone(&self) -> Self {
        assert!(!self.0, "on purpose");
        Uncopied(false)
    }
}

#[test]
fn a_copy_that_panics_leaves_the_entry() {
    let map = ShardedMap::<u64, Uncopied, Parts>::new();
    let told = Arc::new(StdMutex::new(Vec::new()));
    let log = Arc::clone(&told);
    map.on_removal(move |&key, _, cause| log.lock().unwrap().push((key, cause))).unwrap();
    map.insert(1, Uncopied(true));
    panics(|| map.insert(1, Uncopied(false)));
    panics(|| map.remove(&1));
    panics(|| map.remove_entry(&1));
    panics(|| map.remove_if(&1, |_| true));
    panics(|| map.drain());
    assert_eq!((map.len(), map.with(&1, |value| value.0)), (1, Some(true)));
    assert_eq!(*told.lock().unwrap(), []);
    // These hand out nothing, so there is nothing to copy.
    map.compute(1, |_| sharded::Change::Put(Uncopied(true), ()));
    map.clear();
    assert_eq!(*told.lock().unwrap(), [(1, Cause::Replaced), (1, Cause::Cleared)]);
}

#[test]
fn what_is_told_is_dropped() {
    let ledger = Ledger::new();
    let map = ShardedMap::<u64, _, Parts>::new();
    map.on_removal(|_, _, _| ()).unwrap();
    map.extend((0..100).map(|key| (key, Arc::new(ledger.value(key)))));
    map.insert(1, Arc::new(ledger.value(1)));
    map.retain(|key, _| key % 2 == 0);
    drop(map.remove(&2));
    assert_eq!(ledger.alive(), 49);
    map.clear();
    assert_eq!(ledger.alive(), 0);
}
