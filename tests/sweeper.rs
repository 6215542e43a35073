//! The background thread, with the system's clock: what has expired goes without anyone asking.
//!
//! A file of its own, since every map of the process has a part in the thread. One test at a time, so that each
//! knows which maps there are.

use parking_lot::{Mutex, MutexGuard};
use sharded::{Store, sharded};
use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock()
}

/// Waits for what must come; how long it takes is not what is tested.
#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "still waiting: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The number of background threads, where the system shows a process its threads.
fn sweepers() -> Option<usize> {
    let names = fs::read_dir("/proc/self/task")
        .ok()?
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    // The kernel cuts names after 15 characters.
    Some(names.filter(|name| name.trim_end() == "sharded-sweeper").count())
}

/// A value that counts those dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[sharded(shards = 4)]
struct State {
    #[shard(ttl = "100ms")]
    short: HashMap<u64, Counted>,
    #[shard(idle = "100ms")]
    idle: HashMap<u64, u64>,
    #[shard(ttl = "1h")]
    long: HashMap<u64, u64>,
}

#[test]
fn what_has_expired_goes_without_traffic() {
    let _alone = alone();
    let dropped = Arc::new(AtomicUsize::new(0));
    let state = State::new();
    for key in 0..1000 {
        state.short().insert(key, Counted(Arc::clone(&dropped)));
        state.idle().insert(key, key);
        state.long().insert(key, key);
    }
    eventually("short-lived entries go", || state.short().is_empty() && state.idle().is_empty());
    eventually("their values are dropped", || dropped.load(Ordering::Relaxed) == 1000);
    assert_eq!(state.short().stats().expired, 1000);
    assert_eq!(state.long().len(), 1000, "and nothing else goes");
}

/// The thread sleeps until the earliest deadline that it knows of. An earlier one wakes it.
#[test]
fn an_earlier_deadline_wakes_the_thread() {
    let _alone = alone();
    let state = State::new();
    state.long().insert(1, 1);
    // Time for it to fall asleep; if it has not, the test is merely easier.
    thread::sleep(Duration::from_millis(100));
    state.long().insert_with_ttl(2, 2, Duration::from_millis(50));
    eventually("the entry with a short time of its own goes", || state.long().len() == 1);
    assert!(state.long().expire_in(&1, Duration::from_millis(50)));
    eventually("the entry that was given less time goes", || state.long().is_empty());
}

/// What is used does not go; once it is not, it does.
#[test]
fn what_is_used_stays() {
    let _alone = alone();
    let state = State::builder().idle(|idle| idle.idle(Duration::from_secs(2))).build();
    state.idle().insert(1, 1);
    let mut uses = 0;
    let end = Instant::now() + Duration::from_secs(3);
    let mut last = Instant::now();
    while Instant::now() < end {
        // A machine that stops this thread for so long makes the entry expire, and rightly.
        if last.elapsed() > Duration::from_secs(1) {
            return;
        }
        assert_eq!(state.idle().get(&1), Some(1));
        (uses, last) = (uses + 1, Instant::now());
        thread::sleep(Duration::from_millis(10));
    }
    assert!(uses > 0);
    eventually("it goes when nobody uses it", || state.idle().is_empty());
}

#[test]
fn by_hand_means_by_hand() {
    let _alone = alone();
    let dropped = Arc::new(AtomicUsize::new(0));
    let state = State::builder().sweep_by_hand().build();
    state.short().insert(1, Counted(Arc::clone(&dropped)));
    thread::sleep(Duration::from_millis(1500));
    assert_eq!((state.short().len(), state.short().live_len()), (1, 0));
    assert_eq!(state.sweep(), 1);
    assert_eq!((state.short().len(), dropped.load(Ordering::Relaxed)), (0, 1));
}

/// One thread serves all stores and ends with the last; the next store has it start again.
#[test]
fn the_thread_lives_as_long_as_there_are_stores() {
    let _alone = alone();
    if sweepers().is_none() {
        eprintln!("skipped: this system does not show a process its threads");
        return;
    }
    eventually("the thread of earlier tests ends", || sweepers() == Some(0));
    for _ in 0..3 {
        let (first, second) = (State::new(), State::new());
        eventually("one thread starts", || sweepers() == Some(1));
        drop(first);
        second.long().insert_with_ttl(1, 1, Duration::from_millis(50));
        eventually("it serves who is left", || second.long().is_empty());
        assert_eq!(sweepers(), Some(1));
        drop(second);
        eventually("it ends with the last store", || sweepers() == Some(0));
    }
}

/// Nothing is lost, and nothing is dropped twice, when a store goes while it is being swept.
#[test]
fn a_store_may_go_in_the_middle_of_a_sweep() {
    let _alone = alone();
    for round in 0..10 {
        let dropped = Arc::new(AtomicUsize::new(0));
        let state = State::builder().short(|short| short.ttl(Duration::from_millis(1))).build();
        for key in 0..20_000 {
            state.short().insert(key, Counted(Arc::clone(&dropped)));
        }
        eventually("a sweep begins", || dropped.load(Ordering::Relaxed) > 0);
        thread::sleep(Duration::from_micros(round * 100));
        drop(state);
        eventually("everything is dropped", || Arc::strong_count(&dropped) == 1);
        assert_eq!(dropped.load(Ordering::Relaxed), 20_000);
    }
}

/// A value whose `Drop` panics.
struct Bad(#[expect(dead_code, reason = "a map wants values of some size")] u8);

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("this is a test");
    }
}

#[test]
fn a_panic_in_drop_does_not_end_the_thread() {
    #[sharded(ttl = "50ms", shards = 1)]
    struct BadState {
        bad: HashMap<u64, Bad>,
    }
    let _alone = alone();
    let (bad, state) = (BadState::new(), State::new());
    for key in 0..200 {
        bad.bad().insert(key, Bad(1));
        state.long().insert_with_ttl(key, key, Duration::from_millis(50));
    }
    eventually("those that panic go", || bad.bad().is_empty());
    eventually("so do the others", || state.long().is_empty());
    state.long().insert_with_ttl(1, 1, Duration::from_millis(50));
    eventually("and those that come later", || state.long().is_empty());
}
