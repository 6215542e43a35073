//! Random concurrent histories of transactions, read-only views and single calls are strictly serializable: an order of
//! them that respects real time explains every answer. Each planted fault is found.
//!
//! `SERIALIZABILITY_HISTORIES` is the number of histories of each combination. A plain run has a hundred, and
//! `.ci/linearizability` asks for more.

mod brute_force;
mod by_hand;
mod checker;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/histories/mod.rs"]
mod histories;
mod history;
mod transaction;

use by_hand::{ByHand, FAULTS};
use checker::{Checked, check};
use history::{Plan, Subject, record};

/// How many histories are recorded of each combination.
fn histories() -> u64 {
    let asked = std::env::var("SERIALIZABILITY_HISTORIES").ok();
    asked.map_or(100, |asked| asked.parse().expect("SERIALIZABILITY_HISTORIES is a number"))
}

const FEW_THREADS: Plan = Plan { threads: 4, operations: 30, most_rows: 6 };
const MORE_THREADS: Plan = Plan { threads: 6, operations: 20, most_rows: 3 };

/// Records histories on the subjects that `build` builds, and checks them.
fn suite(what: &str, build: &dyn Fn(u64) -> Box<dyn Subject>) {
    let mut all = Checked::default();
    for seed in 0..histories() {
        for plan in [FEW_THREADS, MORE_THREADS] {
            let checked = check(&record(&*build(seed), &plan, seed))
                .unwrap_or_else(|violation| panic!("{what}, seed {seed}, {plan:?}: {violation}"));
            all.operations += checked.operations;
            all.overlapping += checked.overlapping;
        }
    }
    // Operations that never meet would show nothing.
    assert!(all.overlapping * 20 > all.operations, "{what}: hardly any operations overlap: {all:?}");
    println!("{what}: {all:?}");
}

#[test]
fn ordered_locks_by_hand_are_strictly_serializable() {
    for maps in [1, 2] {
        for shards in [1, 4] {
            suite(&format!("by hand, {maps} maps of {shards} shards"), &|seed| {
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
