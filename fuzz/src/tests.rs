//! A quick round of random cases, and planted faults that must be found.

use crate::{decode, run};
use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use sharded_operations::{Answer, Op, Subject};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The bytes of a case. At most four of them are choices.
fn case(random: &mut SmallRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(4..204)];
    random.fill_bytes(&mut bytes);
    bytes
}

#[test]
fn random_cases_hold() {
    let mut random = SmallRng::seed_from_u64(0);
    for _ in 0..200 {
        run(&case(&mut random));
    }
}

#[test]
fn any_bytes_are_a_case() {
    run(&[]);
    for byte in 0..=u8::MAX {
        run(&[byte]);
        run(&[byte; 64]);
    }
}

/// What a table might do wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// `remove` leaves an entry of a large map.
    RemoveFromMany,
    /// `clear` leaves an entry.
    ClearLeavesOne,
    /// `upsert` leaves a value as it is.
    LostUpdate,
    /// An entry is shown twice after the map has shrunk.
    ShownTwice,
    /// A transaction whose closure returns an error makes its changes.
    LostRollback,
    /// A read of several keys has the value of one under another.
    MixedRows,
}

impl Fault {
    fn apply(self, map: &dyn Subject, op: &Op, has_shrunk: &Cell<bool>) -> Answer {
        match (self, op) {
            (Fault::RemoveFromMany, &Op::Remove(key)) if map.len() > 100 => return map.apply(&Op::Get(key)),
            (Fault::ClearLeavesOne, Op::Clear) => {
                let Answer::Entries(entries) = map.apply(&Op::Drain) else { unreachable!() };
                if let Some(&(key, value)) = entries.first() {
                    map.apply(&Op::Insert(key, value));
                }
                return Answer::Nothing;
            }
            (Fault::LostUpdate, &Op::Upsert(key, _)) if map.apply(&Op::Contains(key)) == Answer::Is(true) => {
                return map.apply(&Op::Get(key));
            }
            (Fault::LostRollback, Op::Transact(rows, _)) => return map.apply(&Op::Transact(rows.clone(), true)),
            (Fault::MixedRows, Op::Observe(_)) => {
                let Answer::Values(mut values) = map.apply(op) else { unreachable!() };
                values.reverse();
                return Answer::Values(values);
            }
            (Fault::ShownTwice, Op::Shrink) => has_shrunk.set(true),
            (Fault::ShownTwice, Op::Look) if has_shrunk.get() => {
                let Answer::Entries(mut entries) = map.apply(op) else { unreachable!() };
                entries.extend(entries.first().copied());
                entries.sort_unstable();
                return Answer::Entries(entries);
            }
            _ => {}
        }
        map.apply(op)
    }
}

#[test]
fn faults_are_found() {
    for fault in [
        Fault::RemoveFromMany,
        Fault::ClearLeavesOne,
        Fault::LostUpdate,
        Fault::ShownTwice,
        Fault::LostRollback,
        Fault::MixedRows,
    ] {
        let mut random = SmallRng::seed_from_u64(1);
        let is_found = (0..2000).any(|_| {
            let (choices, ops) = decode(&case(&mut random));
            let has_shrunk = Cell::new(false);
            let apply = |map: &dyn Subject, op: &Op| fault.apply(map, op, &has_shrunk);
            catch_unwind(AssertUnwindSafe(|| choices.try_out(ops, apply))).is_err()
        });
        assert!(is_found, "{fault:?} was not found");
    }
}
