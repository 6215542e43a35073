//! Which reads and writes wait for each other.

use super::{
    Count, Counted, Map,
    common::{policy::Never, threads::must_end},
};
use sharded::{evict::Unbounded, sharded};
use std::{
    cell::Cell,
    collections::HashMap,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

#[sharded(shards = 1)]
struct Nested {
    #[shard(unbounded = "one entry")]
    locked: HashMap<u64, u64>,
    #[shard(lock = Rcu, unbounded = "one entry")]
    read: HashMap<u64, Counted>,
}

/// A reader may wait for the shard that the writer is inside. So such a writer does not wait for readers, but the next
/// one outside does.
#[test]
fn a_write_inside_a_closure_of_another_map_waits_for_nobody() {
    let (count, store) = (Count::default(), Arc::new(Nested::new()));
    store.locked().insert(1, 0);
    store.read().insert(1, count.value(1));
    let (begins, ends) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let reader = thread::spawn({
        let (store, begins, ends) = (Arc::clone(&store), Arc::clone(&begins), Arc::clone(&ends));
        move || {
            store.read().with(&1, |_| {
                begins.wait();
                ends.wait();
            });
        }
    });
    begins.wait();
    must_end("writes inside a closure", {
        let (store, count) = (Arc::clone(&store), count.clone());
        move || {
            store.locked().with_mut(&1, |_| {
                for number in 0..10_000 {
                    store.read().insert(1, count.value(number));
                }
            });
        }
    });
    assert_eq!(count.get(), 10_001, "the reader holds all that has left");
    let writer = thread::spawn({
        let (store, count) = (Arc::clone(&store), count.clone());
        move || drop(store.read().insert(1, count.value(1)))
    });
    // It needs no time, but it waits for the reader by then.
    thread::sleep(Duration::from_millis(100));
    assert!(!writer.is_finished());
    ends.wait();
    reader.join().expect("no panic");
    writer.join().expect("no panic");
    assert!(count.get() < 1000, "{} values", count.get());
}

/// A read that has to wait for a lock is no reader meanwhile: writers of other maps go on.
#[test]
fn a_read_that_waits_for_a_lock_delays_nobody() {
    let locked = Arc::new(Map::<u64, String, Never, Unbounded, 1>::new());
    locked.insert(1, "a".to_owned());
    let (inside, written) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let holder = thread::spawn({
        let (locked, inside, written) = (Arc::clone(&locked), Arc::clone(&inside), Arc::clone(&written));
        move || {
            sharded::transaction(locked.row(&1), |row| {
                row.insert("b".to_owned());
                inside.wait();
                written.wait();
                Ok::<_, ()>(())
            })
        }
    });
    inside.wait();
    let readers: Vec<_> = (0..4)
        .map(|kind| {
            let locked = Arc::clone(&locked);
            thread::spawn(move || match kind {
                0 => locked.get(&1),
                1 => locked.with(&1, String::clone),
                2 => locked.peek(&1),
                _ => locked.get_many([&1]).pop().flatten(),
            })
        })
        .collect();
    // They need no time, but without the mend each of them waits for the lock by then.
    thread::sleep(Duration::from_millis(100));
    must_end("writes to a map that nobody reads", || {
        let other = Map::<u64, String, Never, Unbounded, 1>::new();
        for number in 0..20_000 {
            other.insert(1, number.to_string());
        }
    });
    written.wait();
    assert_eq!(holder.join().expect("no panic"), Ok(()));
    for reader in readers {
        let read = reader.join().expect("no panic").expect("an entry");
        assert!(read == "a" || read == "b", "{read}");
    }
}

thread_local! {
    /// What the next comparison of a key of this thread does.
    static IN_EQ: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

#[derive(Clone)]
struct Key(u64);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        if let Some(call) = IN_EQ.take() {
            call();
        }
        self.0 == other.0
    }
}
impl Eq for Key {}
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A comparison belongs to the read that makes it. A call in it that would wait for the read panics, and takes nothing.
#[test]
fn a_comparison_that_would_wait_for_its_read_panics() {
    type Subject = Map<Key, Counted, Never, Unbounded, 1>;

    fn message_in_eq(map: &Arc<Subject>, call: impl FnOnce(&Subject) + 'static) -> String {
        let shared = Arc::clone(map);
        IN_EQ.set(Some(Box::new(move || call(&shared))));
        let panic = catch_unwind(AssertUnwindSafe(|| map.contains_key(&Key(1)))).expect_err("a panic");
        *panic.downcast::<String>().expect("a message")
    }

    let count = Count::default();
    let map = Arc::new(Subject::new());
    for number in 0..100 {
        map.insert(Key(number), count.value(number));
    }

    let message = message_in_eq(&map, |map| {
        // Not by its name, which would have the caller in std.
        map.clear();
    });
    assert!(message.contains("taking all entries out of") && message.contains("waits.rs"), "{message}");
    assert_eq!(map.len(), 100);

    let message = message_in_eq(&map, {
        let count = count.clone();
        move |map| {
            for number in 0..1_000_000 {
                map.insert(Key(2), count.value(number));
            }
        }
    });
    assert!(message.contains("must wait for its readers") && message.contains("waits.rs"), "{message}");
    assert!(count.get() < 100_000, "{}", count.get());

    map.clear();
    drop(map);
    count.wait_for(0);
}
