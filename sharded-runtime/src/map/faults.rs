//! Tests with refused allocations: any single one, or all from any one on. An insert may then fail. Nothing else
//! changes: no entry is lost, readers without a lock see all entries, and inserts succeed again when there is memory.

use crate::{
    Policy, ShardedMap,
    clock::System,
    engine::spec::Spec,
    evict::{Eviction, Lru, MakesRoom, Sieve, Unbounded},
    expiry::{AfterWrite, Expiry, Never},
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
    memory::arena::faults,
    shards::{ENTRIES_TO_EVICT_WELL, Fixed},
};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    marker::PhantomData,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// The words of a value. With this many, a chunk has two slots, and a table of a few entries has many chunks.
const WORDS: usize = 2040;
/// The entries of a table that keeps a spare chunk, and has begun to double since.
const MANY: usize = 24;
/// The entries that stay throughout. They are so few that a table with only these stops doubling.
const FEW: usize = 2;

type Value = [u64; WORDS];
type Map<P> = ShardedMap<u64, Value, P, BuildHasherDefault<Number>>;

/// A policy with these choices.
struct Of<L, X, E>(PhantomData<(L, X, E)>);
impl<L: Lock, X: Expiry, E: Eviction> Policy for Of<L, X, E> {
    type Shards = Fixed<2>;
    type Lock = L;
    type Expiry = X;
    type Eviction = E;
    type Placement = crate::placement::Off;
    type Clock = System;
    const NAME: &'static str = "field";
    const TTL: Option<Duration> = None;
    const CAPACITY: Option<usize> = if E::BOUNDED { Some(2 * ENTRIES_TO_EVICT_WELL) } else { None };
}

/// The number of a key, which the map mixes.
#[derive(Default)]
struct Number(u64);
impl Hasher for Number {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whether a value is not a mixture of several.
fn is_whole(value: &Value) -> bool {
    value.iter().step_by(89).all(|word| *word == value[0])
}

/// A map and its expected entries.
struct Pair<'a, P: Policy> {
    map: &'a Map<P>,
    model: HashMap<u64, u64>,
    version: u64,
}

impl<P: Policy<Lock: Serves<u64, Value>, Eviction: MakesRoom>> Pair<'_, P> {
    /// Inserts a new value, and returns whether that succeeded. Without memory, checks that nothing has changed.
    fn insert(&mut self, key: u64) -> bool {
        self.version += 1;
        let value = [self.version; WORDS];
        match catch_unwind(AssertUnwindSafe(|| self.map.insert(key, value))) {
            Ok(before) => {
                assert_eq!(before.map(|value| value[0]), self.model.insert(key, self.version));
                true
            }
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().copied().unwrap_or_default();
                assert!(said.starts_with("no memory"), "another panic: {said}");
                assert!(!self.model.contains_key(&key), "a value is replaced without memory");
                self.check_one(key);
                false
            }
        }
    }

    fn remove(&mut self, key: u64) {
        assert_eq!(self.map.remove(&key).map(|value| value[0]), self.model.remove(&key));
    }

    fn check_one(&self, key: u64) {
        let found = self.map.with(&key, |value| {
            assert!(is_whole(value), "a mixture of values");
            value[0]
        });
        assert_eq!(found, self.model.get(&key).copied(), "key {key}");
    }

    fn check(&self, keys: &[u64]) {
        for &key in keys {
            self.check_one(key);
        }
        assert_eq!(self.map.len(), self.model.len());
    }

    /// Inserts these keys, until several in a row are refused.
    fn grow(&mut self, keys: &[u64]) {
        let mut refused = 0;
        for &key in keys {
            refused = if self.insert(key) { 0 } else { refused + 1 };
            if refused == 3 {
                break;
            }
        }
    }
}

/// When memory is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Growing,
    Shrinking,
    GrowingAgain,
}

/// Grows one table, shrinks it, grows another one, then the first one again. In one phase, refuses the allocations with
/// these numbers. Returns whether there were that many.
fn run<P>(phase: Phase, refused: Range<u64>) -> bool
where
    P: Policy<Lock: Serves<u64, Value>, Eviction: MakesRoom>,
    Map<P>: Default + Sync,
{
    let map = &Map::<P>::default();
    let of_shard = |shard| (0..).filter(move |key| map.core.route(map.core.hash_of(key)) == shard);
    let stays: Vec<u64> = of_shard(0).take(FEW).collect();
    let first: Vec<u64> = of_shard(0).skip(FEW).take(MANY).collect();
    let other: Vec<u64> = of_shard(1).take(MANY).collect();
    let mut pair = Pair { map, model: HashMap::new(), version: 0 };
    pair.grow(&stays);

    let mut were_refused = false;
    let mut during = |this: Phase, work: &mut dyn FnMut()| {
        if this == phase {
            faults::refuse(refused.clone());
            work();
            were_refused = faults::end() > refused.start;
        } else {
            work();
        }
    };
    let all: Vec<u64> = [&stays, &first, &other].into_iter().flatten().copied().collect();
    while_read(map, &stays, || {
        during(Phase::Growing, &mut || pair.grow(&first));
        pair.check(&all);
        during(Phase::Shrinking, &mut || first.iter().for_each(|&key| pair.remove(key)));
        pair.check(&all);
        pair.grow(&other);
        pair.check(&all);
        during(Phase::GrowingAgain, &mut || pair.grow(&first));
        pair.check(&all);
        assert!(first.iter().all(|&key| pair.insert(key)), "there is memory again");
    });
    map.clear();
    pair.model.clear();
    pair.check(&all);
    assert!(all.iter().all(|&key| pair.insert(key)), "there is memory again");
    pair.check(&all);
    were_refused
}

/// Does some work. If readers need no lock, another thread reads these keys meanwhile, which must be in the map
/// throughout.
fn while_read<P>(map: &Map<P>, keys: &[u64], work: impl FnOnce())
where
    P: Policy<Lock: Serves<u64, Value>, Eviction: MakesRoom>,
    Map<P>: Sync,
{
    /// Ends the reader, also if the work panics.
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let is_over = AtomicBool::new(!P::Lock::READS_RACE);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                for key in keys {
                    assert_eq!(map.with(key, is_whole), Some(true), "key {key}, which stays");
                }
                thread::yield_now();
            }
        });
        let _end = End(&is_over);
        work();
    });
}

/// Refuses each single allocation, and all from each one on.
fn all_runs<P>()
where
    P: Policy<Lock: Serves<u64, Value>, Eviction: MakesRoom>,
    Map<P>: Default + Sync,
{
    for phase in [Phase::Growing, Phase::Shrinking, Phase::GrowingAgain] {
        for number in 0.. {
            let ways = [number..number + 1, number..u64::MAX];
            if !ways.into_iter().all(|refused| run::<P>(phase, refused)) {
                break;
            }
        }
    }
}

#[test]
fn under_a_mutex() {
    all_runs::<Of<Mutex, Never, Unbounded>>();
}

#[test]
fn under_a_reader_writer_lock() {
    all_runs::<Of<RwLock, Never, Unbounded>>();
}

#[test]
fn without_a_lock() {
    all_runs::<Of<Optimistic, Never, Unbounded>>();
}

#[test]
fn without_a_lock_where_entries_expire() {
    all_runs::<Of<Optimistic, AfterWrite, Unbounded>>();
}

#[test]
fn without_a_lock_where_entries_are_evicted() {
    all_runs::<Of<Optimistic, AfterWrite, Sieve>>();
}

#[test]
fn where_entries_are_evicted() {
    all_runs::<Of<Mutex, Never, Lru>>();
}
