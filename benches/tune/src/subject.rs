//! A map whose policy is chosen at run time.
//!
//! Lock, eviction, expiry and the kind of value are types, so each combination is compiled. The capacity is given to
//! the builder. The number of shards and the placement are read from a thread-local variable when the map is built.

use crate::{
    candidate::{Candidate, Evict, Lock, Numa},
    stream::{Operation, Step},
    work::Work,
    workload::FieldWorkload,
};
use sharded::{
    Policy, ShardedMap, Stats,
    builder::{BuildField, FieldOptions},
    clock, evict, expiry,
    lock::{self, Serves},
    placement::{self, Placement, Site},
    shards::ShardCount,
    topology::NodeId,
};
use std::{cell::Cell, hint::black_box, marker::PhantomData, time::Duration};

/// A map with its types erased.
pub(crate) trait Subject: Send + Sync {
    /// Does these steps in sequence.
    fn run(&self, steps: &[Step]);
    /// Reads a key, and stores it if it is missing.
    fn load(&self, key: u64);
    /// What it has counted.
    fn stats(&self) -> Stats;
}

/// An empty map with this policy for this workload.
pub(crate) fn build(candidate: &Candidate, workload: &FieldWorkload) -> Box<dyn Subject> {
    NUMA.set(candidate.numa);
    SHARDS.set(candidate.asked_shards());
    /// Adds one type after the other. The compiler knows only of concrete types that threads can share the map.
    macro_rules! with {
        (lock::$lock:ident, $value:ty) => {
            match candidate.cache.map(|(evict, _)| evict) {
                None => with!(lock::$lock, $value, evict::Unbounded),
                Some(Evict::Sieve) => with!(lock::$lock, $value, evict::Sieve),
                Some(Evict::Lru) => with!(lock::$lock, $value, evict::Lru),
                Some(Evict::Adaptive) => with!(lock::$lock, $value, evict::Adaptive),
                Some(Evict::S3Fifo) => with!(lock::$lock, $value, evict::S3Fifo),
                Some(Evict::TinyLfu) => with!(lock::$lock, $value, evict::TinyLfu),
            }
        };
        ($lock:ty, $value:ty, $evict:ty) => {
            match (workload.declared.ttl_ms, workload.declared.idle_ms) {
                (None, None) => boxed::<$lock, $value, $evict, expiry::Never>(candidate, workload),
                (Some(_), None) => boxed::<$lock, $value, $evict, expiry::AfterWrite>(candidate, workload),
                (_, Some(_)) => boxed::<$lock, $value, $evict, expiry::AfterAccess>(candidate, workload),
            }
        };
    }
    match (candidate.lock, Shape::of(workload)) {
        (Lock::Mutex, Shape::Word) => with!(lock::Mutex, u64),
        (Lock::Mutex, Shape::Line) => with!(lock::Mutex, [u64; 8]),
        (Lock::Mutex, Shape::Boxed) => with!(lock::Mutex, Box<[u64]>),
        (Lock::RwLock, Shape::Word) => with!(lock::RwLock, u64),
        (Lock::RwLock, Shape::Line) => with!(lock::RwLock, [u64; 8]),
        (Lock::RwLock, Shape::Boxed) => with!(lock::RwLock, Box<[u64]>),
        (Lock::Optimistic, Shape::Word) => with!(lock::Optimistic, u64),
        // What is larger is not tried with it, see `serves`.
        (Lock::Optimistic, Shape::Line | Shape::Boxed) => with!(lock::Optimistic, [u64; 8]),
        (Lock::Rcu, Shape::Word) => with!(lock::Rcu, u64),
        (Lock::Rcu, Shape::Line) => with!(lock::Rcu, [u64; 8]),
        (Lock::Rcu, Shape::Boxed) => with!(lock::Rcu, Box<[u64]>),
    }
}

/// Whether this lock serves a map with this workload. A recorder does not know whether keys and values are `Clone` and
/// `Sync`, as `lock = Rcu` requires. If they are not, the advised line does not compile, and the message says why.
pub(crate) fn serves(lock: Lock, workload: &FieldWorkload) -> bool {
    lock != Lock::Optimistic || workload.copy && Shape::of(workload) != Shape::Boxed
}

/// The kind of a value.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Up to 16 bytes.
    Word,
    /// Up to 64.
    Line,
    /// Larger, in memory of its own.
    Boxed,
}

impl Shape {
    fn of(workload: &FieldWorkload) -> Self {
        match workload.value_bytes {
            0..=16 => Shape::Word,
            17..=64 => Shape::Line,
            _ => Shape::Boxed,
        }
    }
}

/// A new map of these types.
fn boxed<L, V: Payload, E: Limited, X: Timed>(candidate: &Candidate, workload: &FieldWorkload) -> Box<dyn Subject>
where
    L: Serves<u64, V>,
    ShardedMap<u64, V, Tried<L, E, X>>: BuildField<Tried<L, E, X>> + Send + Sync,
{
    let options = FieldOptions::<Tried<L, E, X>>::new();
    let options = match candidate.cache {
        Some((_, capacity)) => E::limit(options, capacity as usize),
        None => options,
    };
    let options = X::time(options, workload.declared.ttl_ms, workload.declared.idle_ms);
    let inner = ShardedMap::with_options(options);
    debug_assert_eq!(
        inner.shard_count(),
        candidate.shard_count(),
        "a candidate knows what the map makes of its number"
    );
    Box::new(Map::<V, Tried<L, E, X>> {
        inner,
        words: workload.value_bytes.div_ceil(8) as usize,
        hold: Work::taking(workload.hold_ns),
    })
}

/// A policy of these parts.
struct Tried<L, E, X>(PhantomData<L>, PhantomData<E>, PhantomData<X>);

impl<L: lock::Lock, E: evict::Eviction, X: expiry::Expiry> Policy for Tried<L, E, X> {
    type Shards = Chosen;
    type Lock = L;
    type Expiry = X;
    type Eviction = E;
    type Placement = Chosen;
    type Clock = clock::System;
    const NAME: &'static str = "tried";
}

thread_local! {
    /// The placement of the map that this thread is building.
    static NUMA: Cell<Numa> = const { Cell::new(Numa::Spread) };
    /// The number of shards of that map.
    static SHARDS: Cell<usize> = const { Cell::new(1) };
}

/// The choices at run time, in the place of declared ones, so that the map treats them as declared.
enum Chosen {}

impl ShardCount for Chosen {
    fn count() -> usize {
        SHARDS.get()
    }
}

impl Placement for Chosen {
    fn node(shard: usize, shards: usize, site: &Site) -> Option<NodeId> {
        match NUMA.get() {
            Numa::Spread => placement::Spread::node(shard, shards, site),
            Numa::Local => placement::Local::node(shard, shards, site),
            Numa::Off => placement::Off::node(shard, shards, site),
        }
    }
}

/// An eviction that is given a capacity if it takes one.
trait Limited: evict::MakesRoom {
    fn limit<P: Policy<Eviction = Self>>(options: FieldOptions<P>, capacity: usize) -> FieldOptions<P>;
}

impl Limited for evict::Unbounded {
    fn limit<P: Policy<Eviction = Self>>(options: FieldOptions<P>, _: usize) -> FieldOptions<P> {
        options
    }
}

macro_rules! limited {
    ($($eviction:ident),*) => {$(
        impl Limited for evict::$eviction {
            fn limit<P: Policy<Eviction = Self>>(options: FieldOptions<P>, capacity: usize) -> FieldOptions<P> {
                options.capacity(capacity)
            }
        }
    )*};
}
limited!(Sieve, Lru, Adaptive, S3Fifo, TinyLfu);

/// An expiry that is given its times.
trait Timed: expiry::Expiry {
    fn time<P: Policy<Expiry = Self>>(options: FieldOptions<P>, ttl: Option<u64>, idle: Option<u64>)
    -> FieldOptions<P>;
}

impl Timed for expiry::Never {
    fn time<P: Policy<Expiry = Self>>(options: FieldOptions<P>, _: Option<u64>, _: Option<u64>) -> FieldOptions<P> {
        options
    }
}

impl Timed for expiry::AfterWrite {
    fn time<P: Policy<Expiry = Self>>(options: FieldOptions<P>, ttl: Option<u64>, _: Option<u64>) -> FieldOptions<P> {
        match ttl {
            Some(ttl) => options.ttl(Duration::from_millis(ttl)),
            None => options,
        }
    }
}

impl Timed for expiry::AfterAccess {
    fn time<P: Policy<Expiry = Self>>(
        mut options: FieldOptions<P>,
        ttl: Option<u64>,
        idle: Option<u64>,
    ) -> FieldOptions<P> {
        if let Some(ttl) = ttl {
            options = options.ttl(Duration::from_millis(ttl));
        }
        match idle {
            Some(idle) => options.idle(Duration::from_millis(idle)),
            None => options,
        }
    }
}

/// A stored value.
trait Payload: Clone + Send + Sync + 'static {
    fn new(key: u64, words: usize) -> Self;
    fn look(&self) -> u64;
    fn change(&mut self);
}

impl Payload for u64 {
    fn new(key: u64, _: usize) -> Self {
        key
    }
    fn look(&self) -> u64 {
        *self
    }
    fn change(&mut self) {
        *self = self.wrapping_add(1);
    }
}

impl Payload for [u64; 8] {
    fn new(key: u64, _: usize) -> Self {
        [key; 8]
    }
    fn look(&self) -> u64 {
        self.iter().fold(0, |sum, word| sum ^ word)
    }
    fn change(&mut self) {
        self[0] = self[0].wrapping_add(1);
    }
}

impl Payload for Box<[u64]> {
    fn new(key: u64, words: usize) -> Self {
        vec![key; words].into()
    }
    fn look(&self) -> u64 {
        self.iter().fold(0, |sum, word| sum ^ word)
    }
    fn change(&mut self) {
        if let Some(word) = self.first_mut() {
            *word = word.wrapping_add(1);
        }
    }
}

struct Map<V, P: Policy> {
    inner: ShardedMap<u64, V, P>,
    words: usize,
    hold: Work,
}

impl<V, P> Subject for Map<V, P>
where
    V: Payload,
    P: Policy,
    P::Lock: Serves<u64, V>,
    P::Eviction: evict::MakesRoom,
    ShardedMap<u64, V, P>: Send + Sync,
{
    fn run(&self, steps: &[Step]) {
        let value = |key| V::new(key, self.words);
        for step in steps {
            let key = step.key();
            match step.operation() {
                Operation::Get => drop(black_box(self.inner.get(&key))),
                Operation::Read => {
                    black_box(self.inner.with(&key, |value| {
                        self.hold.run();
                        value.look()
                    }));
                }
                Operation::Insert => drop(black_box(self.inner.insert(key, value(key)))),
                Operation::Remove => drop(black_box(self.inner.remove(&key))),
                Operation::Update => {
                    self.inner.with_mut(&key, |value| {
                        self.hold.run();
                        value.change();
                    });
                }
                Operation::Load => {
                    Subject::load(self, key);
                }
            }
        }
    }

    fn load(&self, key: u64) {
        let found = self.inner.with(&key, |value| {
            self.hold.run();
            black_box(value.look());
        });
        if found.is_none() {
            self.inner.insert(key, V::new(key, self.words));
        }
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

#[cfg(test)]
mod tests {
    use super::build;
    use crate::{
        candidate::{Candidate, Evict, Lock, Numa},
        workload::Synthetic,
    };

    /// `build` asserts it.
    #[test]
    fn a_candidate_knows_how_many_shards_its_map_has() {
        let workload = Synthetic::default().workload().expect("possible");
        for capacity in [1, 63, 127, 128, 1_000, 16_384, 100_000] {
            for cache in Evict::ALL.iter().map(|&evict| Some((evict, capacity))).chain([None]) {
                for shards in [None, Some(1), Some(8), Some(256)] {
                    let candidate = Candidate { lock: Lock::Mutex, shards, cache, numa: Numa::Off };
                    build(&candidate, &workload);
                }
            }
        }
    }
}
