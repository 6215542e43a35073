//! The bound of the queue for a slow listener, and the callers that wait for it.

use super::common::policy::{Never, Of};
use sharded::{ShardedMap, evict::Unbounded, lock::Mutex};
use std::{
    sync::{
        Arc, Condvar, Mutex as StdMutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

type Map = ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>>;

/// As documented.
const BOUND: u64 = 1024;

/// What keeps a listener waiting until it is opened.
#[derive(Default)]
struct Gate(StdMutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        drop(self.1.wait_while(self.0.lock().unwrap(), |is_open| !*is_open).unwrap());
    }
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// Opens a gate in the end, also where the test fails.
struct Opens<'a>(&'a Gate);

impl Drop for Opens<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A map whose listener waits at a gate, and counts.
fn gated() -> (Arc<Map>, Arc<Gate>, Arc<AtomicU64>) {
    let (gate, calls) = (Arc::new(Gate::default()), Arc::new(AtomicU64::new(0)));
    let map = Arc::new(Map::new());
    let (at, count) = (Arc::clone(&gate), Arc::clone(&calls));
    map.on_removal(move |_, _, _| {
        count.fetch_add(1, Ordering::SeqCst);
        at.pass();
    })
    .unwrap();
    map.extend((0..10_000).map(|key| (key, key)));
    (map, gate, calls)
}

fn wait_for(holds: impl Fn() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}

#[test]
fn who_removes_waits_where_too_many_wait() {
    let (map, gate, calls) = gated();
    let (has_returned, left) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let _opens = Opens(&gate);
        scope.spawn(|| map.remove(&0));
        wait_for(|| calls.load(Ordering::SeqCst) == 1);
        // All of these return.
        for key in 1..=BOUND {
            map.remove(&key);
        }
        scope.spawn(|| {
            map.remove(&(BOUND + 1));
            has_returned.store(true, Ordering::SeqCst);
        });
        // Its removal is done, and no lock is held. That it waits can only be seen for so long.
        wait_for(|| !map.contains_key(&(BOUND + 1)));
        thread::sleep(Duration::from_millis(20));
        assert!(!has_returned.load(Ordering::SeqCst), "it waits");
        map.for_each(|_, _| ());

        // In a closure nobody waits; after it, whoever has removed something.
        scope.spawn(|| {
            let low = (2000..9000).min_by_key(|key| map.shard_of(key)).unwrap();
            let high = (2000..9000).find(|key| map.shard_of(key) > map.shard_of(&low)).unwrap();
            map.with_mut(&low, |_| {
                map.remove(&high);
                left.store(true, Ordering::SeqCst);
            });
        });
        wait_for(|| left.load(Ordering::SeqCst));
    });
    assert_eq!(calls.load(Ordering::SeqCst), BOUND + 3);
}

/// In a listener nobody waits, however much it removes.
#[test]
fn a_listener_never_waits() {
    let map = Arc::new(Map::new());
    let (own, calls) = (Arc::downgrade(&map), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&calls);
    map.on_removal(move |&key, _, _| {
        count.fetch_add(1, Ordering::SeqCst);
        if key == 0 {
            own.upgrade().unwrap().retain(|_, _| false);
        }
    })
    .unwrap();
    map.extend((0..5 * BOUND).map(|key| (key, key)));
    map.remove(&0);
    assert_eq!(calls.load(Ordering::SeqCst), 5 * BOUND);
}

/// The thread that calls the listener is relieved: else it would do so as long as others remove.
#[test]
fn nobody_is_kept_for_ever() {
    let map = Map::new();
    let (is_back, removed, told) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (back, count, calls) = (Arc::clone(&is_back), Arc::clone(&removed), Arc::clone(&told));
    map.on_removal(move |_, _, _| {
        let told = calls.fetch_add(1, Ordering::SeqCst) + 1;
        // Goes on only when there is more, so that the queue is not empty; or when nobody adds to it, since they wait
        // to take over.
        let has_more = || back.load(Ordering::SeqCst) || count.load(Ordering::SeqCst) > told;
        (0..100_000).take_while(|_| !has_more()).for_each(|_| thread::yield_now());
    })
    .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            map.insert(0, 0);
            map.remove(&0);
            is_back.store(true, Ordering::SeqCst);
        });
        wait_for(|| told.load(Ordering::SeqCst) > 0);
        for thread in 1..=2 {
            let (map, is_back, removed) = (&map, &is_back, &removed);
            scope.spawn(move || {
                while !is_back.load(Ordering::SeqCst) {
                    map.insert(thread, 0);
                    map.remove(&thread);
                    removed.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(told.load(Ordering::SeqCst), removed.load(Ordering::SeqCst) + 1);
}
