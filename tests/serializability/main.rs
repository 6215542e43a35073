//! Random concurrent histories of transactions, read-only views, lookups in an index and single calls are strictly
//! serializable: an order of them that respects real time explains every answer. Each planted fault is found.
//!
//! `SERIALIZABILITY_HISTORIES` is the number of histories of each combination. A plain run has ten, and
//! `.ci/linearizability` asks for more.

mod brute_force;
mod by_hand;
mod checker;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/histories/mod.rs"]
mod histories;
mod history;
mod indexed;
mod library;
mod transaction;

use by_hand::{ByHand, FAULTS};
use checker::{Checked, check};
use common::{
    locks::StdRwLock,
    policy::{Never, Of, Times},
};
use histories::{
    Few, Hour, ROOM,
    payload::{Boxed, Name, Padded, Payload, Wide, Words},
};
use history::{Plan, Subject, record};
use indexed::{Indexed, IndexedMap, IndexedPolicy};
use library::{Alike, Pair, Refusing};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::System,
    evict::{Adaptive, Lru, MakesRoom, Reject, S3Fifo, Sieve, TinyLfu, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::hash::{BuildHasher, RandomState};

/// How many histories are recorded of each combination.
fn histories() -> u64 {
    let asked = std::env::var("SERIALIZABILITY_HISTORIES").ok();
    asked.map_or(10, |asked| asked.parse().expect("SERIALIZABILITY_HISTORIES is a number"))
}

const FEW_THREADS: Plan = Plan { threads: 4, operations: 30, most_rows: 6, churners: 0, cold: 0 };
const MORE_THREADS: Plan = Plan { threads: 6, operations: 20, most_rows: 3, churners: 0, cold: 0 };

/// Tables that grow from nothing under the hot keys, and shrink again.
const CHURNED: Plan = Plan { threads: 4, operations: 30, most_rows: 6, churners: 2, cold: 1000 };

/// Records histories on the subjects that `build` builds, and checks them.
fn suite(what: &str, plans: &[Plan], build: &dyn Fn(u64) -> Box<dyn Subject>) {
    let mut all = Checked::default();
    for seed in 0..histories() {
        let plan = &plans[usize::try_from(seed).expect("small") % plans.len()];
        let checked = check(&record(&*build(seed), plan, seed))
            .unwrap_or_else(|violation| panic!("{what}, seed {seed}, {plan:?}: {violation}"));
        all.operations += checked.operations;
        all.overlapping += checked.overlapping;
    }
    // Operations that never meet would show nothing.
    assert!(all.overlapping * 20 > all.operations, "{what}: hardly any operations overlap: {all:?}");
    println!("{what}: {all:?}");
}

#[test]
fn ordered_locks_by_hand_are_strictly_serializable() {
    for maps in [1, 2] {
        for shards in [1, 4] {
            suite(&format!("by hand, {maps} maps of {shards} shards"), &[FEW_THREADS, MORE_THREADS], &|seed| {
                Box::new(ByHand::new(maps, shards, None, seed))
            });
        }
    }
}

#[test]
fn planted_faults_are_found() {
    const MOST: u64 = 3000;
    for fault in FAULTS {
        let found = (0..MOST).find_map(|seed| {
            let subject = ByHand::new(2, 4, Some(fault), seed);
            let violation = check(&record(&subject, &FEW_THREADS, seed)).err()?;
            Some((seed, violation))
        });
        let Some((seed, violation)) = found else { panic!("{fault:?} was not found in {MOST} histories") };
        println!("{fault:?}: found in history {seed}, by\n  {}", violation.operation());
    }
}

const ALL: [Plan; 3] = [FEW_THREADS, MORE_THREADS, CHURNED];

type Map<K, V, L, X, E, const CAPACITY: usize, S> = ShardedMap<K, V, Of<L, X, E, System, 16, CAPACITY>, S>;

fn map<K, V, L, X, E, const CAPACITY: usize, S>(shards: usize) -> Map<K, V, L, X, E, CAPACITY, S>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Map<K, V, L, X, E, CAPACITY, S>: BuildField<Of<L, X, E, System, 16, CAPACITY>>,
{
    Map::with_options(FieldOptions::new().shards(shards))
}

/// One and two maps of these parts, of one and of four shards.
fn alike<K, V, L, X, E, const CAPACITY: usize, S>()
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Map<K, V, L, X, E, CAPACITY, S>: BuildField<Of<L, X, E, System, 16, CAPACITY>> + Sync,
{
    for (maps, shards) in [(1, 1), (1, 4), (2, 1), (2, 4)] {
        let what = format!("{maps} of {}, {shards} shards", std::any::type_name::<Map<K, V, L, X, E, CAPACITY, S>>());
        suite(&what, &ALL, &|_| {
            Box::new(Alike((0..maps).map(|_| map::<K, V, L, X, E, CAPACITY, S>(shards)).collect()))
        });
    }
}

/// A test for each sort of key and value, under a lock.
macro_rules! under {
    ($module:ident: $lock:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn one_word() {
                alike::<u64, u32, $lock, Never, Unbounded, 0, RandomState>();
            }
            #[test]
            fn less_than_a_word_with_a_ttl() {
                alike::<u16, u32, $lock, Hour, Unbounded, 0, RandomState>();
            }
            #[test]
            fn several_words_with_a_capacity() {
                alike::<Wide, Words, $lock, Never, Sieve, ROOM, RandomState>();
            }
            #[test]
            fn padding_with_a_ttl_and_a_capacity_and_few_hashes() {
                alike::<Wide, Padded, $lock, Hour, Lru, ROOM, Few>();
            }
            #[test]
            fn refused_for_want_of_room() {
                // Room for five of the eight rows.
                type Map = ShardedMap<u64, Words, Of<$lock, Hour, Reject, System, 16, 5>>;
                for shards in [1, 4] {
                    let what = format!("{}, {shards} shards with room for five", stringify!($lock));
                    suite(&what, &[FEW_THREADS, MORE_THREADS], &|_| {
                        Box::new(Refusing(Map::with_options(FieldOptions::new().shards(shards))))
                    });
                }
            }
            #[test]
            fn beside_another_lock() {
                for shards in [1, 4] {
                    suite(&format!("{} beside a mutex, {shards} shards", stringify!($lock)), &ALL, &|_| {
                        Box::new(Pair(
                            map::<u64, Words, $lock, Never, Unbounded, 0, RandomState>(shards),
                            map::<String, Boxed, Mutex, Hour, TinyLfu, ROOM, RandomState>(shards),
                        ))
                    });
                    suite(
                        &format!("{} beside a reader-writer lock, {shards} shards", stringify!($lock)),
                        &ALL,
                        &|_| {
                            Box::new(Pair(
                                map::<String, Boxed, RwLock, Never, S3Fifo, ROOM, RandomState>(shards),
                                map::<Wide, u32, $lock, Hour, Adaptive, ROOM, RandomState>(shards),
                            ))
                        },
                    );
                }
            }
        }
    };
}
under!(mutex: Mutex);
under!(rwlock: RwLock);
under!(optimistic: Optimistic);
under!(rcu: Rcu);
under!(of_ones_own: StdRwLock);

/// A map with a unique index.
fn indexed<K, V, L>()
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    IndexedMap<K, V, L>: BuildField<IndexedPolicy<L>> + Sync,
    Indexed<K, V, L>: Sync,
{
    for shards in [1, 4] {
        let what = format!("an index of {}, {shards} shards", std::any::type_name::<IndexedMap<K, V, L>>());
        suite(&what, &[FEW_THREADS, MORE_THREADS], &|_| Box::new(Indexed::<K, V, L>::new(shards)));
    }
}

#[test]
fn lookups_in_an_index_are_strictly_serializable() {
    indexed::<String, Boxed, Mutex>();
    indexed::<u64, u32, RwLock>();
    indexed::<Wide, Words, Optimistic>();
    indexed::<u64, u32, StdRwLock>();
}

#[test]
fn on_the_heap_under_a_mutex() {
    alike::<String, Boxed, Mutex, Never, Unbounded, 0, RandomState>();
}
#[test]
fn on_the_heap_under_an_rwlock() {
    alike::<String, Boxed, RwLock, Hour, Sieve, ROOM, RandomState>();
}
