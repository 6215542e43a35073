//! Who drops what has left: a writer or the background thread, after unlock, and never a reader.

use super::{Map, Never, Unbounded, common::threads::must_end, join};
use std::{
    cell::Cell,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

thread_local! {
    static READS: Cell<bool> = const { Cell::new(false) };
}

type Subject = Map<u64, Value, Never, Unbounded, 1>;

/// What the drops of values use.
#[derive(Debug, Default)]
struct Dropped {
    map: OnceLock<Weak<Subject>>,
    count: AtomicU64,
}

/// A value that writes to its own map when it is dropped. Under the lock of its shard that would panic or hang.
#[derive(Clone, Debug)]
struct Value(Arc<Dropped>);

impl Drop for Value {
    fn drop(&mut self) {
        assert!(!READS.get(), "a reader drops a value");
        if let Some(map) = self.0.map.get().and_then(Weak::upgrade) {
            assert!(map.remove(&u64::MAX).is_none());
            self.0.count.fetch_add(1, SeqCst);
        }
    }
}

fn subject() -> (Arc<Subject>, Arc<Dropped>) {
    let (map, dropped) = (Arc::new(Subject::new()), Arc::new(Dropped::default()));
    dropped.map.set(Arc::downgrade(&map)).expect("once");
    (map, dropped)
}

/// Waits until so many are dropped by this call.
fn until(dropped: &Dropped, count: u64, call: impl Fn()) {
    let until = Instant::now() + Duration::from_mins(1);
    while dropped.count.load(SeqCst) < count {
        assert!(Instant::now() < until, "{} of {count} are dropped", dropped.count.load(SeqCst));
        call();
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn values_are_dropped_after_unlock() {
    must_end("drops of values that write to their map", drop_in_all_ways);
}

fn drop_in_all_ways() {
    let (map, dropped) = subject();
    let value = || Value(Arc::clone(&dropped));
    // By writers, which drop what they hand out, and the entries of earlier writes.
    for key in 0..1000 {
        map.insert(key % 10, value());
        map.with_mut(&(key % 7), |_| ());
        map.upsert(key % 5, value, |_| ());
        map.remove(&(key % 3));
    }
    until(&dropped, 1000, || {});
    for key in 0..300 {
        sharded::transaction(map.row(&(key % 10)), |row| -> Result<(), ()> {
            row.insert(value());
            Ok(())
        })
        .expect("nothing refuses it");
    }
    // By a sweep, by the background thread, and by a call that takes out all.
    let before = dropped.count.load(SeqCst);
    map.insert(1, value());
    until(&dropped, before + 2, || _ = map.sweep());
    let before = dropped.count.load(SeqCst);
    map.insert(1, value());
    until(&dropped, before + 2, || {});
    let (before, len) = (dropped.count.load(SeqCst), map.len() as u64);
    map.clear();
    assert!(dropped.count.load(SeqCst) >= before + len);
}

#[test]
fn readers_drop_nothing() {
    must_end("drops of values that write to a map with readers", drop_beside_readers);
}

fn drop_beside_readers() {
    let (map, dropped) = subject();
    for key in 0..10 {
        map.insert(key, Value(Arc::clone(&dropped)));
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [0, 1].map(|first| {
            let (map, is_over) = (&map, &is_over);
            scope.spawn(move || {
                READS.set(true);
                let mut key = first;
                while !is_over.load(SeqCst) {
                    // A copy would be the reader's own.
                    map.with(&(key % 10), |value| assert!(Arc::strong_count(&value.0) > 1));
                    assert!(map.contains_key(&(key % 10)));
                    key += 1;
                }
            })
        });
        for number in 0..5000 {
            map.insert(number % 10, Value(Arc::clone(&dropped)));
        }
        is_over.store(true, SeqCst);
        join(readers);
    });
    // What each insert returns, and what has left.
    until(&dropped, 5000, || _ = map.sweep());
}
