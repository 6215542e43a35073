//! Every operation of a map and a set, under every choice of lock, expiry and eviction, on one shard and on many:
//! random sequences of calls must answer what the reference model answers. Indexes of the map must agree with its
//! entries.

#[path = "../common/mod.rs"]
mod common;

use common::{
    hashers::{Constant, Four, Identity, UpperHalf},
    locks::StdRwLock,
    threads::Dice,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sharded::{
    builder::BuildField,
    clock::{Manual, System},
    evict::{Adaptive, Lru, Reject, S3Fifo, Sieve, TinyLfu, Unbounded},
    hasher::SipHash,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use sharded_operations::{
    Bytes, EvictionCalls, ExpiryCalls, Hasher, IDLE_MS, Indexed, Keyed, Keys, Nonsense, Of, Op, Subject, TTL_MS,
    Traits, Trial, build,
    policy::{Idle, Never, Ttl, TtlIdle},
    read,
};
use std::{
    cell::Cell,
    hash::RandomState,
    panic::{AssertUnwindSafe, catch_unwind},
};

type Map<L, X, E, S> = sharded_operations::Map<u32, u32, L, X, E, S>;
type Set<L, X, E, S> = sharded_operations::Set<L, X, E, S>;

/// The capacity of all maps that have one.
const CAPACITY: usize = 12;

/// How many sequences are tried on each combination, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 8;

fn sequences() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any::<u8>(), 1..140).prop_map(|bytes| read(&mut Bytes::new(&bytes), 1))
}

/// Tries random sequences on what `build` builds, with a listener or without. It is not generic, so that proptest is
/// compiled once rather than for each of some two hundred maps.
fn suite(traits: Traits, listens: bool, build: &dyn Fn(&Manual) -> Box<dyn Subject>) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&sequences(), |ops| {
        let clock = Manual::new();
        let subject = build(&clock);
        let trial = Trial::new(&traits, traits, &clock, &*subject);
        if listens { trial.listening() } else { trial }.run(ops);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn map_suite<L, X, E, S>()
where
    L: Lock + Serves<u32, u32>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
    Map<L, X, E, S>: BuildField<Of<L, X, E>>,
{
    for (shards, listens) in [(1, false), (1, true), (4, true), (64, false)] {
        suite(Traits::of::<L, X, E>(), listens, &|clock| {
            let map: Map<L, X, E, S> = build::<Of<L, X, E>, _>(clock, shards, CAPACITY);
            Box::new(Keyed { map, keys: Keys::FromZero })
        });
    }
}

fn set_suite<L, X, E, S>()
where
    L: Lock + Serves<u32, ()>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
    Set<L, X, E, S>: BuildField<Of<L, X, E>>,
{
    for (shards, listens) in [(1, false), (4, true), (64, false)] {
        suite(Traits::of::<L, X, E>().of_set(), listens, &|clock| {
            let set: Set<L, X, E, S> = build::<Of<L, X, E>, _>(clock, shards, CAPACITY);
            Box::new(set)
        });
    }
}

fn index_suite<L, X, E, S>()
where
    L: Lock + Serves<u32, u32>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
    sharded_operations::Map<u32, u32, L, X, E, S, true>: BuildField<Of<L, X, E, System, 16, 0, true>>,
{
    for (shards, listens) in [(1, false), (4, true), (64, false)] {
        suite(Traits::of::<L, X, E>().of_indexed(), listens, &|clock| {
            Box::new(Indexed::<u32, u32, L, X, E, S>::build(clock, shards, CAPACITY, Keys::FromZero))
        });
    }
}

/// A test for each eviction under this lock, with all choices of expiry.
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
combinations!(rcu: Rcu);
combinations!(of_ones_own: StdRwLock);

#[test]
fn sets() {
    set_suite::<Mutex, Never, Lru, RandomState>();
    set_suite::<Mutex, TtlIdle<TTL_MS, IDLE_MS>, Unbounded, RandomState>();
    set_suite::<RwLock, Ttl<TTL_MS>, Sieve, RandomState>();
    set_suite::<Optimistic, Idle<IDLE_MS>, Reject, RandomState>();
    set_suite::<Rcu, Idle<IDLE_MS>, Reject, RandomState>();
}

#[test]
fn indexes_under_a_mutex() {
    index_suite::<Mutex, Never, Unbounded, RandomState>();
    index_suite::<Mutex, TtlIdle<TTL_MS, IDLE_MS>, Lru, RandomState>();
    index_suite::<Mutex, Ttl<TTL_MS>, Reject, RandomState>();
    index_suite::<Mutex, Never, Adaptive, Constant>();
}

#[test]
fn indexes_under_an_rwlock() {
    index_suite::<RwLock, Idle<IDLE_MS>, Unbounded, RandomState>();
    index_suite::<RwLock, Never, Sieve, Four>();
    index_suite::<RwLock, Ttl<TTL_MS>, TinyLfu, RandomState>();
}

#[test]
fn indexes_under_an_optimistic_lock() {
    index_suite::<Optimistic, Never, Unbounded, RandomState>();
    index_suite::<Optimistic, TtlIdle<TTL_MS, IDLE_MS>, S3Fifo, RandomState>();
    index_suite::<Optimistic, Ttl<TTL_MS>, Nonsense, RandomState>();
}

#[test]
fn indexes_under_a_lock_of_ones_own() {
    index_suite::<StdRwLock, TtlIdle<TTL_MS, IDLE_MS>, Adaptive, RandomState>();
}

/// A planted fault: every 50th call of the function returns another index key, so that the index misses an entry or has
/// it under an index key that it does not have.
#[test]
fn an_index_that_misses_a_change_is_found() {
    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "what the function of an index is given")]
    fn group_of(_: &u32, value: &u32) -> Option<u32> {
        CALLS.set(CALLS.get() + 1);
        let value = if CALLS.get().is_multiple_of(50) { value + 1 } else { *value };
        (!value.is_multiple_of(5)).then_some(value % 3)
    }
    let mut dice = Dice::new(1);
    let is_found = (0..200).any(|_| {
        let bytes: Vec<u8> = (0..140).map(|_| dice.next().to_le_bytes()[0]).collect();
        let (clock, traits) = (Manual::new(), Traits::of::<Mutex, Never, Unbounded>().of_indexed());
        let subject = Indexed::<u32, u32, Mutex, Never, Unbounded, RandomState>::with_groups(
            &clock,
            4,
            CAPACITY,
            Keys::FromZero,
            group_of,
        );
        let trial = Trial::new(&"a faulty index", traits, &clock, &subject);
        catch_unwind(AssertUnwindSafe(|| trial.run(read(&mut Bytes::new(&bytes), 1)))).is_err()
    });
    assert!(is_found);
}

/// A hasher changes the shard and the slot of an entry, never an answer. So does one with a single hash.
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
