//! Removals by a channel.

use super::{
    common::{
        counted::Ledger,
        panics,
        policy::{Never, Of, Ttl},
    },
    map_with,
};
use sharded::{
    Cause, ShardedMap,
    builder::FieldOptions,
    clock::{Manual, System},
    evict::{Lru, Unbounded},
    lock::Mutex,
};
use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

type Map = ShardedMap<u64, u64, Of<Mutex, Never, Unbounded, System, 1>>;

#[test]
fn all_is_received_in_order() {
    let clock = Manual::new();
    let map = map_with(&clock, FieldOptions::<Of<Mutex, Ttl<1000>, Lru, System, 1>>::new().capacity(2));
    let mut removals = map.removals(100).unwrap();
    map.insert(1, 10);
    map.insert(1, 11);
    map.remove(&1);
    map.extend([(2, 20), (3, 30), (4, 40)]);
    clock.advance(Duration::from_secs(1));
    map.sweep();
    map.insert(5, 50);
    map.clear();
    let mut all: Vec<_> = std::iter::from_fn(|| removals.try_recv()).map(|r| (r.key, r.value, r.cause)).collect();
    all[3..5].sort_unstable_by_key(|&(key, ..)| key);
    let expected = [
        (1, 10, Cause::Replaced),
        (1, 11, Cause::Removed),
        (2, 20, Cause::Evicted),
        (3, 30, Cause::Expired),
        (4, 40, Cause::Expired),
        (5, 50, Cause::Cleared),
    ];
    assert_eq!(all, expected);
    assert_eq!(removals.missed(), 0);
}

#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let ledger = Ledger::new();
    let map = ShardedMap::<u64, _, Of<Mutex, Never, Unbounded, System, 1>>::new();
    let mut removals = map.removals(10).unwrap();
    map.extend((0..100).map(|key| (key, Arc::new(ledger.value(key)))));
    map.retain(|_, _| false);
    assert_eq!((removals.missed(), ledger.alive()), (90, 10));
    assert_eq!(format!("{removals:?}"), "Removals { len: 10, missed: 90, .. }");
    assert_eq!(std::iter::from_fn(|| removals.try_recv()).count(), 10);
    map.insert(1, Arc::new(ledger.value(1)));
    map.clear();
    assert!(removals.try_recv().is_some(), "there is room again");
    map.insert(1, Arc::new(ledger.value(1)));
    map.remove(&1);
    drop(removals);
    assert_eq!(ledger.alive(), 0, "what was not received");
    map.insert(1, Arc::new(ledger.value(1)));
    map.remove(&1);
    assert_eq!(ledger.alive(), 0, "nobody receives");
    assert!(map.removals(10).is_err());
}

#[test]
fn who_waits_is_woken_and_told_of_the_end() {
    let map = Map::new();
    let mut removals = map.removals(5).unwrap();
    let receiver = thread::spawn(move || {
        let keys: Vec<_> = std::iter::from_fn(|| removals.recv()).map(|removal| removal.key).collect();
        assert_eq!((removals.recv(), removals.try_recv()), (None, None));
        (keys, removals.missed())
    });
    for key in 0..1000 {
        map.insert(key, key);
        map.remove(&key);
    }
    drop(map);
    let (keys, missed) = receiver.join().unwrap();
    assert_eq!(keys.len() as u64 + missed, 1000);
    assert!(keys.is_sorted());
}

#[test]
fn tasks_receive_too() {
    let map = Arc::new(Map::new());
    let mut removals = map.removals(1000).unwrap();
    let received = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(async {
        let remover = Arc::clone(&map);
        drop(map);
        tokio::spawn(async move {
            for key in 0..1000 {
                remover.insert(key, key);
                remover.remove(&key);
                if key % 16 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
        let mut received = Vec::new();
        while let Some(removal) = removals.recv_async().await {
            received.push(removal.key);
        }
        received
    });
    assert!(received.into_iter().eq(0..1000));
}

/// A waker that accesses the map: it is called outside of all shards.
#[derive(Default)]
struct Looks {
    map: OnceLock<Weak<Map>>,
    wakes: AtomicUsize,
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        if let Some(map) = self.map.get().and_then(Weak::upgrade) {
            map.insert(7, 7);
        }
    }
}

#[test]
fn wakers_are_called_outside_of_all_shards() {
    let (map, later) = (Arc::new(Map::new()), Arc::new(Map::new()));
    let looks = Arc::new(Looks::default());
    looks.map.set(Arc::downgrade(&map)).unwrap();
    let waker = Waker::from(Arc::clone(&looks));
    let mut context = Context::from_waker(&waker);
    let mut removals = later.removals(10).unwrap();
    let woken = || looks.wakes.load(Ordering::SeqCst);

    assert_eq!(removals.poll_recv(&mut context), Poll::Pending);
    assert_eq!(removals.poll_recv(&mut context), Poll::Pending);
    map.insert(1, 1);
    later.insert(1, 1);
    map.with_mut(&1, |_| {
        later.remove(&1);
        assert_eq!(woken(), 0);
    });
    assert_eq!((woken(), map.get(&7)), (1, Some(7)));
    assert!(matches!(removals.poll_recv(&mut context), Poll::Ready(Some(removal)) if removal.key == 1));
    assert_eq!(removals.poll_recv(&mut context), Poll::Pending);
    drop(later);
    assert_eq!(woken(), 2);
    assert_eq!(removals.poll_recv(&mut context), Poll::Ready(None));
}

#[test]
fn a_channel_for_nothing_is_refused() {
    let map = Map::new();
    assert!(panics(|| map.removals(0)).contains("must not be zero"));
    assert!(map.removals(1).is_ok());
}
