//! Random concurrent histories on maps under every lock are linearizable. The check finds every kind of fault that is
//! planted in a map. A thread takes its times before and after a call from one atomic counter, which is a full fence on
//! x86. So these histories can't show the exception that `lock::Optimistic` documents: its reads have no fence.
//!
//! `LINEARIZABILITY_HISTORIES` is the number of histories of each combination. A plain run has five, and
//! `.ci/linearizability` asks for more.

mod brute_force;
mod checker;
#[path = "../common/mod.rs"]
mod common;
mod faults;
#[path = "../common/histories/mod.rs"]
mod histories;
mod history;
mod indexed;
mod subject;

use checker::{Checked, check};
use common::{
    locks::StdRwLock,
    policy::{Never, Of, Times},
};
use faults::{FAULTS, Fault, Faulty};
use histories::{
    Few, Hour, ROOM,
    churn::FIRST_COLD,
    payload::{Boxed, Name, Padded, Payload, Wide, Words},
    register::{Answer, Call},
};
use history::{Plan, record};
use indexed::Indexed;
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::System,
    evict::{Adaptive, Lru, MakesRoom, S3Fifo, Sieve, TinyLfu, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::hash::{BuildHasher, RandomState};
use subject::Subject;

/// How many histories are recorded of each combination.
fn histories() -> u64 {
    let asked = std::env::var("LINEARIZABILITY_HISTORIES").ok();
    asked.map_or(5, |asked| asked.parse().expect("LINEARIZABILITY_HISTORIES is a number"))
}

/// Few entries: all that happens, happens on the hot keys.
const STILL: Plan = Plan { threads: 4, steps: 100, hot: 3, churners: 0, cold: 0, drains: true };
/// A map that grows from nothing under the hot keys, and shrinks again.
const GROWING: Plan = Plan { threads: 4, steps: 100, hot: 4, churners: 1, cold: 2000, drains: false };
/// A map of thousands of entries, some of which come and go.
const CHURNED: Plan = Plan { threads: 4, steps: 100, hot: 5, churners: 2, cold: 3000, drains: false };

/// Records histories on the maps that `build` builds, and checks them.
fn suite(what: &str, build: &dyn Fn(usize) -> Box<dyn Subject>) {
    let mut all = Checked::default();
    let mut one = |subject: &dyn Subject, plan: &Plan, seed: u64| {
        let operations = record(subject, plan, seed);
        let checked = check(&operations).unwrap_or_else(|violation| {
            panic!("{what}, {} shards, seed {seed}, {plan:?}: {violation}", subject.shards());
        });
        all.operations += checked.operations;
        all.overlapping += checked.overlapping;
    };
    for shards in [1, 4] {
        let large = build(shards);
        for cold in FIRST_COLD + 2 * CHURNED.cold..FIRST_COLD + 4 * CHURNED.cold {
            large.call(cold, Call::Insert(cold));
        }
        for seed in 0..histories() {
            one(&*build(shards), &STILL, seed);
            one(&*build(shards), &GROWING, seed);
            for key in 0..CHURNED.hot {
                large.call(key, Call::Remove);
            }
            one(&*large, &CHURNED, seed);
        }
    }
    // Calls that never meet would show nothing.
    assert!(all.overlapping * 50 > all.operations, "{what}: hardly any calls overlap: {all:?}");
    println!("{what}: {all:?}");
}

/// The suite on maps of these parts.
fn with<K, V, L, X, E, const CAPACITY: usize, S>()
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    ShardedMap<K, V, Of<L, X, E, System, 16, CAPACITY>, S>: BuildField<Of<L, X, E, System, 16, CAPACITY>> + Sync,
{
    let of = |path: &'static str| path.rsplit("::").next().unwrap_or(path);
    let what = [
        of(std::any::type_name::<L>()),
        of(std::any::type_name::<K>()),
        of(std::any::type_name::<V>()),
        of(std::any::type_name::<X>()),
        of(std::any::type_name::<E>()),
    ];
    suite(&what.join(" "), &|shards| {
        let options = FieldOptions::new().shards(shards);
        Box::new(ShardedMap::<K, V, Of<L, X, E, System, 16, CAPACITY>, S>::with_options(options))
    });
}

/// A test for each sort of key and value, under a lock.
macro_rules! under {
    ($module:ident: $lock:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn one_word() {
                with::<u64, u32, $lock, Never, Unbounded, 0, RandomState>();
            }
            #[test]
            fn less_than_a_word_with_a_ttl() {
                with::<u16, u32, $lock, Hour, Unbounded, 0, RandomState>();
            }
            #[test]
            fn several_words() {
                with::<Wide, Words, $lock, Never, Unbounded, 0, RandomState>();
            }
            #[test]
            fn padding_with_a_capacity() {
                with::<u64, Padded, $lock, Never, Sieve, ROOM, RandomState>();
            }
            #[test]
            fn one_word_with_a_capacity_by_each_eviction() {
                with::<u64, u32, $lock, Never, Adaptive, ROOM, RandomState>();
                with::<u64, u32, $lock, Never, S3Fifo, ROOM, RandomState>();
                with::<u64, u32, $lock, Never, TinyLfu, ROOM, RandomState>();
            }
            #[test]
            fn several_words_with_a_ttl_and_a_capacity_and_few_hashes() {
                with::<Wide, Padded, $lock, Hour, Lru, ROOM, Few>();
            }
        }
    };
}
under!(mutex: Mutex);
under!(rwlock: RwLock);
under!(optimistic: Optimistic);
under!(rcu: Rcu);
under!(of_ones_own: StdRwLock);

#[test]
fn on_the_heap_under_a_mutex() {
    with::<String, Boxed, Mutex, Never, Unbounded, 0, RandomState>();
}
#[test]
fn on_the_heap_under_an_rwlock() {
    with::<String, Boxed, RwLock, Hour, Sieve, ROOM, RandomState>();
}

/// The suite on maps of these parts that have an index.
fn with_index<K, V, L, X, E, const CAPACITY: usize, S>()
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    ShardedMap<K, V, Of<L, X, E, System, 16, CAPACITY, true>, S>:
        BuildField<Of<L, X, E, System, 16, CAPACITY, true>> + Sync,
    Indexed<K, V, L, X, E, S, CAPACITY>: Sync,
{
    let what = format!("an index of {}", std::any::type_name::<ShardedMap<K, V, Of<L, X, E>, S>>());
    suite(&what, &|shards| Box::new(Indexed::<K, V, L, X, E, S, CAPACITY>::new(shards)));
}

#[test]
fn an_index_of_a_map_under_a_mutex() {
    with_index::<String, Boxed, Mutex, Never, Unbounded, 0, RandomState>();
    with_index::<u64, u32, Mutex, Hour, Lru, ROOM, RandomState>();
}
#[test]
fn an_index_of_a_map_under_an_rwlock() {
    with_index::<u64, Words, RwLock, Never, Unbounded, 0, RandomState>();
    with_index::<Wide, Padded, RwLock, Hour, Sieve, ROOM, Few>();
}
#[test]
fn an_index_of_a_map_under_an_optimistic_lock() {
    with_index::<u64, u32, Optimistic, Never, Unbounded, 0, RandomState>();
    with_index::<Wide, Padded, Optimistic, Hour, Adaptive, ROOM, Few>();
}
#[test]
fn an_index_of_a_map_under_a_lock_of_ones_own() {
    with_index::<u64, u32, StdRwLock, Never, Unbounded, 0, RandomState>();
}

/// Every planted fault is found, and without one nothing is.
#[test]
fn planted_faults_are_found() {
    const MOST: u64 = 3000;
    for fault in FAULTS {
        let found = (0..MOST).find_map(|seed| {
            let violation = check(&record(&Faulty::new(Some(fault), seed), &STILL, seed)).err()?;
            Some((seed, violation))
        });
        let Some((seed, violation)) = found else { panic!("{fault:?} was not found in {MOST} histories") };
        let (call, answer) = violation.answer();
        let is_torn = matches!(answer, Answer::Wrong(_));
        assert_eq!(is_torn, fault == Fault::TornRead, "{fault:?} does not show in that: {violation}");
        println!("{fault:?}: found in history {seed}, in {call:?} -> {answer:?}");
    }
    // Torn values apart, that map is right: the writers take turns whichever call they make.
    for seed in 0..20 * histories() {
        let Err(violation) = check(&record(&Faulty::new(Some(Fault::TornRead), seed), &STILL, seed)) else { continue };
        assert!(matches!(violation.answer().1, Answer::Wrong(_)), "not a torn value: {violation}");
    }
    for seed in 0..histories() {
        let checked = check(&record(&Faulty::new(None, seed), &STILL, seed));
        checked.unwrap_or_else(|violation| panic!("found where there is no fault: {violation}"));
    }
}
