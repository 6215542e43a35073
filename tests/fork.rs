//! A child of `fork`, made while the background thread of its parent sleeps: what is in the child works, and is swept. Tried in many children.
#![cfg(unix)]
#![allow(unsafe_code, reason = "there is no safe way to fork")]

mod common;

use common::policy::{Of, Ttl};
use sharded::{ShardedMap, builder::FieldOptions, clock::System, evict::Unbounded, lock::Mutex};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
    time::{Duration, Instant},
};

/// How often each is tried.
const CHILDREN: usize = 20;
/// How a child ends that did what it should.
const DONE: i32 = 42;

type Map<const TTL_MS: u64> = ShardedMap<u64, u64, Of<Mutex, Ttl<TTL_MS>, Unbounded, System, 16>>;
const HOUR: u64 = 3_600_000;

/// Runs something in children, all at once, each of which is to end.
fn in_children(what: &str, run: impl Fn()) {
    let children: Vec<libc::pid_t> = (0..CHILDREN)
        .map(|_| {
            // SAFETY: the child is a copy of this thread alone. No other thread of this program holds a lock that the child takes: the
            // only test runs here, the background thread sleeps, and the C library sees to the allocator.
            let child = unsafe { libc::fork() };
            assert!(child >= 0, "there is no child: {}", std::io::Error::last_os_error());
            if child == 0 {
                let status = if catch_unwind(AssertUnwindSafe(&run)).is_ok() { DONE } else { 1 };
                // SAFETY: it ends the child, without what the parent is to do at its own end.
                unsafe { libc::_exit(status) };
            }
            child
        })
        .collect();
    let until = Instant::now() + Duration::from_mins(1);
    let ends: Vec<String> = children.into_iter().filter_map(|child| fault_of(child, until)).collect();
    assert!(ends.is_empty(), "{what}: {} of {CHILDREN} children failed: {ends:?}", ends.len());
}

/// Waits for a child, and kills one that does not end. Answers what went wrong.
fn fault_of(child: libc::pid_t, until: Instant) -> Option<String> {
    let mut status = 0;
    loop {
        // SAFETY: it is this process's own child, for which nobody else waits.
        if unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == child {
            let is_done = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == DONE;
            return (!is_done).then(|| format!("status {status:#x}"));
        }
        if Instant::now() > until {
            // SAFETY: as above, and it has not ended.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, &raw mut status, 0);
            }
            return Some("it did not end".to_owned());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// As `eventually`, in a child, where a panic must not print.
fn soon(holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        if Instant::now() > until {
            resume_unwind(Box::new("not in time"));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Threads that get in each other's way in one shard.
fn hammer<const TTL_MS: u64>(map: &Map<TTL_MS>) {
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..1000 {
                    let key = (n * 7 + thread) % 100;
                    map.insert_with_ttl(key, n, Duration::from_millis(1 + 5 * (n % 40)));
                    map.with_mut(&key, |value| {
                        *value += 1;
                        if n % 16 == 0 {
                            thread::yield_now();
                        }
                    });
                }
            });
        }
    });
}

#[test]
fn children_use_maps_and_sweep_them() {
    let map: Map<HOUR> = ShardedMap::with_options(FieldOptions::new().shards(1));
    map.extend((0..100).map(|key| (key, key)));
    let due: Map<300> = ShardedMap::new();
    due.extend((0..100).map(|key| (key, key)));
    // The thread sleeps by then, most probably; otherwise the test shows less.
    thread::sleep(Duration::from_millis(50));

    in_children("what was there is used", || {
        map.extend((0..100).map(|key| (key, key + 1)));
        assert_eq!(map.get(&7), Some(8));
    });
    in_children("what is built is swept", || {
        let other: Map<30> = ShardedMap::new();
        other.extend((0..100).map(|key| (key, key)));
        soon(|| other.is_empty());
    });
    in_children("an entry that is due earlier starts the thread", || {
        map.insert_with_ttl(1, 1, Duration::from_millis(20));
        soon(|| map.len() == 99);
    });
    in_children("a sweep by hand starts the thread", || {
        due.sweep();
        due.insert(1, 1);
        soon(|| due.is_empty());
    });
    in_children("threads use what was there and what is built, by turns", || {
        for _ in 0..3 {
            hammer(&map);
            let other: Map<30> = ShardedMap::with_options(FieldOptions::new().shards(1));
            hammer(&other);
            soon(|| other.is_empty());
        }
    });
}
