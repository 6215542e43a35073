//! `lock = Rcu`: readers hold entries of any type while writers go on; what has left is dropped once, by a writer or
//! the background thread, and not before its last reader has left.

#[path = "../common/mod.rs"]
mod common;

mod dropped;
mod held;
mod idle;
mod left;
mod reuse;
#[cfg(target_os = "linux")]
mod sandbox;
mod soak;
mod threads;
mod waits;
mod weights;

use common::policy::{Never, Of};
use sharded::{ShardedMap, clock::System, evict::Unbounded, lock::Rcu};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

type Map<K, V, X = Never, E = Unbounded, const SHARDS: usize = 2, const CAPACITY: usize = 0> =
    ShardedMap<K, V, Of<Rcu, X, E, System, SHARDS, CAPACITY>>;

/// How many values there are.
#[derive(Clone, Debug, Default)]
struct Count(Arc<AtomicI64>);

impl Count {
    fn get(&self) -> i64 {
        self.0.load(SeqCst)
    }

    /// Waits until there are so many values: those that the background thread has taken out, it may yet have to drop.
    fn wait_for(&self, values: i64) {
        let until = Instant::now() + Duration::from_mins(1);
        while self.get() != values {
            assert!(Instant::now() < until, "{} values, not {values}", self.get());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn value(&self, number: u64) -> Counted {
        self.0.fetch_add(1, SeqCst);
        Counted { number, text: format!("number {number}"), count: self.clone() }
    }
}

/// A value that owns something, and counts.
#[derive(Debug)]
struct Counted {
    number: u64,
    text: String,
    count: Count,
}

impl Counted {
    /// Looks at what it owns.
    fn check(&self) -> u64 {
        assert_eq!(self.text, format!("number {}", self.number));
        self.number
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.count.value(self.check())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.check();
        self.count.0.fetch_sub(1, SeqCst);
    }
}

/// Waits for threads. `ThreadSanitizer` does not see how the end of a scope waits for them.
fn join<'s>(threads: impl IntoIterator<Item = ScopedJoinHandle<'s, ()>>) {
    for thread in threads {
        thread.join().expect("no panic");
    }
}

fn key(number: u64) -> String {
    format!("a key that owns its bytes: {number}")
}
