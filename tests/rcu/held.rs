//! What a reader holds.

use super::{
    Count, Map, Never, Unbounded,
    common::threads::{Dice, must_end, together},
    join, key,
};
use sharded::{Change, sharded};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

#[test]
fn any_value_is_read() {
    let map = Map::<String, Arc<str>>::new();
    assert_eq!(map.insert("a".to_owned(), "1".into()), None);
    assert_eq!(map.insert("a".to_owned(), "2".into()).as_deref(), Some("1"));
    assert_eq!(map.get("a").as_deref(), Some("2"));
    assert_eq!(map.with("a", |value| value.len()), Some(1));
    assert_eq!(map.with_mut("a", |value| *value = "33".into()), Some(()));
    assert_eq!(map.upsert("a".to_owned(), || "0".into(), |value| value.len()), Some(2));
    assert!(map.compute("b".to_owned(), |value| Change::Put("4".into(), value.is_none())));
    assert_eq!(map.remove("a").as_deref(), Some("33"));
    assert_eq!((map.get("a"), map.len()), (None, 1));
    assert_eq!(map.drain(), [("b".to_owned(), "4".into())]);
}

/// Whatever others do with the entry.
#[test]
fn a_reader_holds_what_it_has_found() {
    let count = Count::default();
    let map = Map::<String, super::Counted>::new();
    map.insert(key(1), count.value(1));
    map.with(&key(1), |value| {
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                map.insert(key(1), count.value(2));
                map.with_mut(&key(1), |value| value.number = 2);
                map.remove(&key(1));
                // Enough for many grace periods.
                for number in 0..1000 {
                    map.insert(key(1), count.value(number));
                }
            });
            join([writer]);
        });
        assert_eq!(value.check(), 1);
    });
    assert_eq!(map.get(&key(1)).map(|value| value.check()), Some(999));
    drop(map);
    count.wait_for(0);
}

/// A closure that changes an entry has a copy, which others do not see until it is done.
#[test]
fn readers_do_not_wait_for_closures_that_change() {
    let map = Map::<u64, String, Never, Unbounded, 1>::new();
    map.insert(1, "old".to_owned());
    map.with_mut(&1, |value| {
        value.push_str("er");
        // Another thread: this one may not enter the shard again.
        let seen = thread::scope(|scope| scope.spawn(|| (map.get(&1), map.get(&2), map.len())).join().unwrap());
        assert_eq!(seen, (Some("old".to_owned()), None, 1));
    });
    assert_eq!(map.get(&1).as_deref(), Some("older"));
    map.get_or_insert_with(2, || {
        thread::scope(|scope| scope.spawn(|| assert_eq!(map.get(&2), None)).join().unwrap());
        "new".to_owned()
    });
    assert_eq!(map.get(&2).as_deref(), Some("new"));
}

/// As in an `Arc`: readers may change what a value lets them change.
#[test]
fn values_may_have_interior_mutability() {
    #[derive(Debug, Default)]
    struct Hits(AtomicU64);
    impl Clone for Hits {
        fn clone(&self) -> Self {
            Hits(AtomicU64::new(self.0.load(SeqCst)))
        }
    }
    let map = Map::<u64, Hits>::new();
    map.insert(1, Hits::default());
    together(4, |_| (0..1000).for_each(|_| assert!(map.with(&1, |hits| hits.0.fetch_add(1, SeqCst)).is_some())));
    assert_eq!(map.with(&1, |hits| hits.0.load(SeqCst)), Some(4000));
}

/// Values in which all parts belong together, read while they are replaced, changed, removed and moved.
#[test]
fn readers_see_whole_values() {
    let count = Count::default();
    let map = Map::<String, super::Counted>::new();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [0, 1, 2].map(|seed| {
            let (map, is_over) = (&map, &is_over);
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                while !is_over.load(SeqCst) {
                    let number = dice.next() % 300;
                    if let Some(found) = map.with(&key(number), super::Counted::check) {
                        assert_eq!(found % 300, number);
                    }
                    assert!(map.get(&key(number)).is_none_or(|value| value.check() % 300 == number));
                }
            })
        });
        let writers: Vec<_> = (0..2)
            .map(|seed| {
                let (map, count) = (&map, &count);
                scope.spawn(move || {
                    let mut dice = Dice::new(100 + seed);
                    for _ in 0..8000 {
                        let number = dice.next() % 300;
                        match dice.next() % 5 {
                            0 => drop(map.remove(&key(number))),
                            1 => map
                                .with_mut(&key(number), |value| *value = value.count.value(number + 300))
                                .unwrap_or(()),
                            2 => map.upsert(key(number), || count.value(number), |_| ()).unwrap_or(()),
                            _ => drop(map.insert(key(number), count.value(number + 600))),
                        }
                    }
                    map.clear();
                })
            })
            .collect();
        join(writers);
        is_over.store(true, SeqCst);
        join(readers);
    });
    drop(map);
    count.wait_for(0);
}

#[test]
fn a_clone_that_panics_changes_nothing() {
    #[derive(Debug)]
    struct Fragile(u64);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(self.0 != 13, "it can't be cloned");
            Fragile(self.0)
        }
    }
    let map = Map::<u64, Fragile>::new();
    map.insert(1, Fragile(13));
    let panics = |run: &dyn Fn()| catch_unwind(AssertUnwindSafe(run)).is_err();
    assert!(panics(&|| map.with_mut(&1, |value| value.0 = 1).unwrap()));
    assert!(panics(&|| assert!(map.insert(1, Fragile(2)).is_some())));
    assert!(panics(&|| assert!(map.remove(&1).is_some())));
    assert_eq!(map.with(&1, |value| value.0), Some(13));
    assert_eq!(map.len(), 1);
    map.clear();
    assert!(map.is_empty());
}

#[sharded(shards = 1, lock = Rcu)]
struct Two {
    #[shard(unbounded = "one entry")]
    first: HashMap<u64, String>,
    #[shard(unbounded = "one entry")]
    second: HashMap<u64, String>,
}

/// A reader that writes to a later map retires entries that it would have to wait for itself.
#[test]
fn a_thread_that_would_wait_for_itself_panics() {
    let two = Arc::new(Two::new());
    two.first().insert(1, "a".to_owned());
    let panic = must_end("a write inside a reader", {
        let two = Arc::clone(&two);
        move || {
            let write = || {
                two.first().with(&1, |_| {
                    for number in 0..1_000_000 {
                        two.second().insert(1, number.to_string());
                    }
                })
            };
            catch_unwind(AssertUnwindSafe(write)).expect_err("a panic")
        }
    });
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("`Two::second`") && message.contains("`Two::first`"), "{message}");
    assert_eq!(message.matches("held.rs").count(), 2, "{message}");
    let clear = || two.first().with(&1, |_| two.second().clear());
    assert!(catch_unwind(AssertUnwindSafe(clear)).is_err());
    assert_eq!(two.second().len(), 1);
    two.second().clear();
    assert!(two.second().is_empty());
}

/// Writers wait while a reader stays, once too many entries wait for it. Nothing else waits.
#[test]
fn what_a_reader_delays_is_bounded() {
    let count = Count::default();
    let map = Map::<u64, super::Counted, Never, Unbounded, 1>::new();
    map.insert(1, count.value(1));
    map.insert(2, count.value(2));
    let (begins, ends) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        let (map, count, begins, ends) = (&map, &count, &begins, &ends);
        let reader = scope.spawn(move || {
            map.with(&1, |_| {
                begins.wait();
                while !ends.load(SeqCst) {
                    thread::yield_now();
                }
            });
        });
        begins.wait();
        let writer = scope.spawn(move || {
            for number in 0..100_000 {
                map.insert(2, count.value(number));
            }
        });
        // It comes to its bound and stays there.
        let mut most = 0;
        let mut unchanged = 0;
        while unchanged < 200 {
            thread::sleep(std::time::Duration::from_millis(1));
            let now = count.get();
            unchanged = if now == most { unchanged + 1 } else { 0 };
            most = now;
            assert!(map.get(&1).is_some() && map.contains_key(&2), "readers go on");
        }
        assert!(!writer.is_finished(), "{most} values");
        assert!(most < 10_000, "{most} values");
        ends.store(true, SeqCst);
        join([reader, writer]);
    });
    drop(map);
    count.wait_for(0);
}
