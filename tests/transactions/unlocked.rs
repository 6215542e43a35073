//! What reads without a lock see while entries expire and others write, and where they take no lock but keep the rules
//! of those that do.

use crate::common::policy::{Never, Of, Ttl};
use sharded::{
    ShardedMap, TransactionError,
    clock::{Clock, System},
    evict::{Reject, Unbounded},
    lock::{Mutex, Optimistic},
    observe, transaction,
};
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
};

/// The times of the clocks below, in nanoseconds. Each test has a clock of its own.
static TIMES: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

thread_local! {
    /// What happens when this thread reads such a clock, the last one first.
    static HOOKS: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

/// A clock at which the tests can stop a reader. Only one that does not run is read at each access.
#[derive(Default)]
struct Hooked<const TEST: usize>;

impl<const TEST: usize> Clock for Hooked<TEST> {
    const RUNS: bool = false;

    fn nanos(&self) -> u64 {
        let hook = HOOKS.with_borrow_mut(Vec::pop);
        if let Some(hook) = hook {
            hook();
        }
        TIMES[TEST].load(SeqCst)
    }
}

/// Entries live for ten milliseconds.
type Expiring<const TEST: usize> = ShardedMap<u64, u64, Of<Optimistic, Ttl<10>, Unbounded, Hooked<TEST>, 4>>;
type Lasting<const SHARDS: usize> = ShardedMap<u64, u64, Of<Optimistic, Never, Unbounded, System, SHARDS>>;

/// A read of key 1, which returns whether that was there.
type Read = fn(&Expiring<1>) -> bool;

const MS: u64 = 1_000_000;

#[test]
fn observe_sees_one_moment_while_entries_expire() {
    let (first, second) = (&*Box::leak(Box::new(Expiring::<0>::new())), &*Box::leak(Box::new(Lasting::<4>::new())));
    first.insert(1, 1);
    TIMES[0].store(9 * MS, SeqCst);
    HOOKS.with_borrow_mut(|hooks| {
        hooks.push(Box::new(|| {
            // Another thread stores in the second map while the entry of the first one lives. Then time passes.
            let store = || {
                second.insert(2, 2);
                TIMES[0].store(12 * MS, SeqCst);
            };
            thread::spawn(store).join().unwrap();
        }));
    });
    let seen =
        observe((first.row(&1), second.row(&2)), |(first, second)| (first.get().copied(), second.get().copied()));
    // Until 9 ms it is (1, -), from then to 10 ms it is (1, 2), and later it is (-, 2).
    assert_ne!(seen, (None, None), "both are absent, which they never were");
}

/// Before an entry expires, another thread replaces it, between the copy of a reader and its look at the clock.
#[test]
fn a_key_that_is_replaced_before_it_expires_is_never_absent() {
    let map = &*Box::leak(Box::new(Expiring::<1>::new()));
    let reads: [(&str, u64, Read); 4] = [
        ("contains_key", 1, |map| map.contains_key(&1)),
        ("get_many", 1, |map| map.get_many([&1, &2])[0].is_some()),
        ("get", 2, |map| map.get(&1).is_some()),
        ("observe", 1, |map| observe(map.row(&1), |row| row.get().is_some())),
    ];
    for (name, replaced, read) in reads {
        TIMES[1].store(0, SeqCst);
        map.clear();
        map.insert(1, 1);
        TIMES[1].store(9 * MS, SeqCst);
        for time in (0..replaced).rev() {
            let replace = move || {
                map.insert(1, 2);
                TIMES[1].store((18 + 9 * time) * MS, SeqCst);
            };
            let hook = Box::new(move || thread::spawn(replace).join().unwrap());
            HOOKS.with_borrow_mut(|hooks| hooks.push(hook));
        }
        assert!(read(map), "{name}");
        HOOKS.with_borrow_mut(Vec::clear);
    }
}

/// Whether a call panics must not depend on whether a writer was in its way.
#[test]
fn too_many_shards_are_refused_without_locks_too() {
    let map = Lasting::<4096>::new();
    let keys: Vec<u64> = (0..4000).collect();
    let shards: HashSet<_> = keys.iter().map(|key| map.shard_of(key)).collect();
    assert!(shards.len() > 1024);
    let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
    let observed = catch_unwind(AssertUnwindSafe(|| observe(&rows[..], |rows| rows.len())));
    assert!(observed.is_err());
}

type Full = ShardedMap<u64, u64, Of<Mutex, Never, Reject, System, 1, 1>>;

/// Accesses its map when it is dropped. Notes whether that was allowed.
struct Accesses<'a>(&'a Full, &'a Cell<bool>);

impl Drop for Accesses<'_> {
    fn drop(&mut self) {
        let accessed = catch_unwind(AssertUnwindSafe(|| self.0.contains_key(&7)));
        self.1.set(accessed.is_ok());
    }
}

#[test]
fn the_result_of_a_refused_transaction_is_dropped_after_unlock() {
    let (map, is_allowed) = (Full::new(), Cell::new(false));
    map.try_insert(7, 7).unwrap();
    let result = transaction(map.row(&1), |row| {
        row.insert(1);
        Ok::<_, ()>(Accesses(&map, &is_allowed))
    });
    assert!(matches!(result, Err(TransactionError::Refused { .. })));
    assert!(is_allowed.get());
}
