//! Every operation of a map and a set, under every choice of lock, expiry and eviction, on one shard and on many: random
//! sequences of calls must answer what a plain model answers.

#[path = "../common/mod.rs"]
mod common;
mod ops;
mod reference;
mod subject;

use common::{
    hashers::{Constant, Four, Identity, UpperHalf},
    locks::StdRwLock,
    policy::{Idle, Never, Ttl, TtlIdle},
};
use ops::{Answer, Op, sequences};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use reference::{Queue, Reference};
use sharded::{
    Cause,
    builder::BuildField,
    clock::Manual,
    evict::{Adaptive, Lru, Reject, S3Fifo, Sieve, TinyLfu, Unbounded},
    hasher::SipHash,
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
};
use std::{hash::RandomState, rc::Rc};
use subject::{EvictionCalls, ExpiryCalls, Hasher, Log, Map, Nonsense, Parts, Set, Subject, Traits, build};

const TTL_MS: u64 = 1500;
const IDLE_MS: u64 = 700;

/// How many sequences are tried on each combination, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 8;

type Failure = Result<(), TestCaseError>;

/// Tries random sequences on what `build` builds, where someone listens or not.
fn suite(traits: Traits, is_told: bool, build: impl Fn(&Manual) -> Rc<dyn Subject>) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&sequences(), |ops| {
        let clock = Manual::new();
        let subject = build(&clock);
        let shard_of = Rc::clone(&subject);
        let reference =
            Reference::new(traits.ttl, traits.idle, traits.queue, Box::new(move |key| shard_of.shard_of(key)));
        let log = is_told.then(Log::default);
        if let Some(log) = &log {
            subject.listen(Log::clone(log));
        }
        Trial { traits, clock, subject, reference, log }.run(ops)
    });
    if let Err(failure) = outcome {
        panic!("{traits:?}\n{failure}");
    }
}

/// One sequence on one map.
struct Trial {
    traits: Traits,
    clock: Manual,
    subject: Rc<dyn Subject>,
    reference: Reference,
    /// Where it is listened to.
    log: Option<Log>,
}

impl Trial {
    fn run(mut self, ops: Vec<Op>) -> Failure {
        for op in ops {
            if let Some(op) = self.fitting(op) {
                self.step(&op).map_err(|failure| TestCaseError::fail(format!("{op:?}: {failure}")))?;
            }
        }
        Ok(())
    }

    /// The call as this map serves it and as the model can follow it.
    fn fitting(&self, op: Op) -> Option<Op> {
        let is_bounded = self.subject.capacity().is_some();
        let op = match op {
            Op::Insert(key, value) if !self.traits.makes_room => Op::TryInsert(key, value),
            // One by one, so that it can be told which of them evicted what.
            Op::Extend(entries) if is_bounded => Op::Extend(entries.into_iter().take(1).collect()),
            // In which order it uses its keys is not promised.
            Op::GetMany(keys) if self.traits.queue == Queue::Lru => {
                Op::GetMany(keys.first().map_or_else(Vec::new, |&key| vec![key; keys.len()]))
            }
            op => op,
        };
        self.traits.serves(&op).then_some(op)
    }

    fn step(&mut self, op: &Op) -> Failure {
        let before = self.subject.stats();
        let stored_before = before.shard_sizes.iter().sum::<usize>();
        let (added_before, removed_before) = (self.reference.added, self.reference.removed);
        if let Op::Advance(by) = *op {
            self.clock.advance(by);
        }
        let answer = self.subject.apply(op);
        let after = self.subject.stats();
        let stored = self.subject.len();
        let evicted = after.evicted - before.evicted;
        self.reference_evicts(op, evicted, stored_before, &before.shard_sizes)?;

        let expected = self.reference.apply(op, &answer);
        let expected = if self.traits.is_set { without_values(expected) } else { expected };
        prop_assert_eq!(&answer, &expected, "the answer");
        let mut entries = self.reference.entries();
        if self.traits.is_set {
            for (_, value) in &mut entries {
                *value = 0;
            }
        }
        prop_assert_eq!(self.subject.entries(), entries, "the entries");

        prop_assert_eq!(self.subject.live_len(), self.reference.len());
        prop_assert_eq!(after.shard_sizes.iter().sum::<usize>(), stored, "the sizes of the shards");
        prop_assert_eq!(self.subject.is_empty(), stored == 0);
        prop_assert!(stored >= self.reference.len());
        prop_assert!(stored <= self.subject.capacity().unwrap_or(usize::MAX), "the capacity is exceeded: {}", stored);
        prop_assert_eq!(after.hits, self.reference.hits, "hits");
        prop_assert_eq!(after.misses, self.reference.misses, "misses");
        prop_assert_eq!(after.inserts, self.reference.inserts, "inserts");
        if !self.traits.expires || *op == Op::Sweep {
            prop_assert_eq!(stored, self.reference.len(), "what has expired is gone");
        }
        let count = |after: u64, before: u64| usize::try_from(after - before).unwrap_or(usize::MAX);
        let (expired, evicted) = (count(after.expired, before.expired), count(after.evicted, before.evicted));
        match answer {
            Answer::Swept(removed) => prop_assert_eq!(removed, expired, "what a sweep says"),
            Answer::Refused => {
                prop_assert_eq!(Some(stored_before), self.subject.capacity(), "refused while there was room");
            }
            _ => {}
        }
        if let Some(log) = &self.log {
            let log = log.lock().unwrap();
            let told = |cause| log.iter().filter(|&&told| told == cause).count() as u64;
            // In a set nothing is replaced.
            let added = if self.traits.is_set { self.reference.added as u64 } else { after.inserts };
            prop_assert_eq!(added, (stored + log.len()) as u64, "what came in is there, or told of");
            prop_assert_eq!((after.expired, after.evicted), (told(Cause::Expired), told(Cause::Evicted)));
        }
        if matches!(op, Op::Clear | Op::InvalidateAll | Op::Drain) {
            // Who is told of each entry is told so, too.
            let expired = if self.log.is_some() { 0 } else { expired };
            prop_assert_eq!((stored, expired, evicted), (0, 0, 0));
        } else {
            // Every entry that is gone was removed by this call, has expired, or was evicted.
            let (added, removed) = (self.reference.added - added_before, self.reference.removed - removed_before);
            prop_assert_eq!(stored + removed + expired + evicted, stored_before + added, "what came and what went");
        }
        Ok(())
    }

    /// Lets the model evict what the map has evicted, if it may.
    fn reference_evicts(&mut self, op: &Op, evicted: u64, stored_before: usize, shard_sizes: &[usize]) -> Failure {
        let entries = self.subject.entries();
        let missing = |key: &u32| entries.binary_search_by_key(key, |&(key, _)| key).is_err();
        let (Op::Insert(key, _)
        | Op::TryInsert(key, _)
        | Op::InsertOwn(key, ..)
        | Op::InsertIfAbsent(key, _)
        | Op::Upsert(key, _)
        | Op::Compute(key, ..)
        | Op::GetOrInsert(key, _)) = *op
        else {
            if let Op::Extend(entries) = op
                && let [(key, value)] = entries[..]
            {
                return self.reference_evicts(&Op::Insert(key, value), evicted, stored_before, shard_sizes);
            }
            prop_assert_eq!(evicted, 0, "nothing came in");
            return Ok(());
        };
        prop_assert!(evicted <= 1, "{} entries left for one", evicted);
        if evicted == 0 {
            return Ok(());
        }
        prop_assert_eq!(Some(stored_before), self.subject.capacity(), "evicted while there was room");
        prop_assert!(!self.reference.is_live(key), "evicted for an entry that was there");
        let gone: Vec<_> = self.reference.entries().into_iter().map(|(key, _)| key).filter(missing).collect();
        let shard = self.subject.shard_of(key);
        match gone[..] {
            [] => prop_assert!(self.traits.expires, "an entry was evicted that is still there"),
            [victim] => {
                let of_victim = self.subject.shard_of(victim);
                prop_assert!(
                    of_victim == shard || shard_sizes[shard] == 0,
                    "the shard had an entry of its own to evict"
                );
                prop_assert!(self.reference.evict(victim), "{} was not the next: {:#?}", victim, self.reference);
            }
            _ => prop_assert!(false, "more than one entry left: {:?}", gone),
        }
        Ok(())
    }
}

/// What a set answers.
fn without_values(answer: Answer) -> Answer {
    match answer {
        Answer::Value(value) => Answer::Value(value.map(|_| 0)),
        Answer::Entry(entry) => Answer::Entry(entry.map(|(key, _)| (key, 0))),
        Answer::Entries(entries) => Answer::Entries(entries.into_iter().map(|(key, _)| (key, 0)).collect()),
        answer => answer,
    }
}

/// The model of these choices.
fn traits<L: Lock, X: ExpiryCalls, E: EvictionCalls>() -> Traits {
    let queue = match E::queue(L::SHARED_READS) {
        // Whether an expired entry is still in the queue can't be known, and spares others or not.
        Queue::MarkedLru | Queue::Sieve if X::EXPIRES => Queue::Unknown,
        queue => queue,
    };
    Traits { ttl: X::TTL, idle: X::IDLE, expires: X::EXPIRES, makes_room: E::MAKES_ROOM, queue, is_set: false }
}

fn map_suite<L, X, E, S>()
where
    L: Lock + Serves<u32, u32>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
    Map<L, X, E, S>: BuildField<Parts<L, X, E>>,
{
    for (shards, is_told) in [(1, false), (1, true), (4, true), (64, false)] {
        suite(traits::<L, X, E>(), is_told, |clock| Rc::new(build::<Parts<L, X, E>, Map<L, X, E, S>>(clock, shards)));
    }
}

fn set_suite<L, X, E, S>()
where
    L: Lock + Serves<u32, ()>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
    Set<L, X, E, S>: BuildField<Parts<L, X, E>>,
{
    let traits = Traits { is_set: true, ..traits::<L, X, E>() };
    for (shards, is_told) in [(1, false), (4, true), (64, false)] {
        suite(traits, is_told, |clock| Rc::new(build::<Parts<L, X, E>, Set<L, X, E, S>>(clock, shards)));
    }
}

/// A test for each eviction under this lock, with all choices of expiry in it.
macro_rules! combinations {
    ($module:ident: $lock:ty) => {
        mod $module {
            use super::*;

            fn with<E: EvictionCalls>() {
                map_suite::<$lock, Never, E, RandomState>();
                map_suite::<$lock, Ttl<TTL_MS>, E, RandomState>();
                map_suite::<$lock, Idle<IDLE_MS>, E, RandomState>();
                map_suite::<$lock, TtlIdle<TTL_MS, IDLE_MS>, E, RandomState>();
            }

            #[test]
            fn unbounded() {
                with::<Unbounded>();
            }
            #[test]
            fn lru() {
                with::<Lru>();
            }
            #[test]
            fn sieve() {
                with::<Sieve>();
            }
            #[test]
            fn adaptive() {
                with::<Adaptive>();
            }
            #[test]
            fn s3_fifo() {
                with::<S3Fifo>();
            }
            #[test]
            fn tiny_lfu() {
                with::<TinyLfu>();
            }
            #[test]
            fn reject() {
                with::<Reject>();
            }
            #[test]
            fn nonsense() {
                with::<Nonsense>();
            }
        }
    };
}
combinations!(mutex: Mutex);
combinations!(rwlock: RwLock);
combinations!(optimistic: Optimistic);
combinations!(of_ones_own: StdRwLock);

#[test]
fn sets() {
    set_suite::<Mutex, Never, Lru, RandomState>();
    set_suite::<Mutex, TtlIdle<TTL_MS, IDLE_MS>, Unbounded, RandomState>();
    set_suite::<RwLock, Ttl<TTL_MS>, Sieve, RandomState>();
    set_suite::<Optimistic, Idle<IDLE_MS>, Reject, RandomState>();
}

/// Hashers change where an entry is, never what is answered; not even one that knows a single hash.
#[test]
fn hashers() {
    fn with<S: Hasher>() {
        map_suite::<Mutex, Never, Lru, S>();
        map_suite::<Mutex, Never, Adaptive, S>();
        map_suite::<RwLock, TtlIdle<TTL_MS, IDLE_MS>, Sieve, S>();
    }
    with::<Constant>();
    with::<Four>();
    with::<Identity>();
    with::<UpperHalf>();
    with::<SipHash>();
    with::<hashbrown::DefaultHashBuilder>();
}
