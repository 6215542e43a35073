//! What the fuzzer finds, random bytes should find too if it lies near: a quick round of them, and that faults are found.

use super::{
    choices::Choices,
    ops::{self, Answer, Bytes, Op},
    run,
    subject::Subject,
};
use sharded::clock::Manual;
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

#[path = "../../tests/common/threads.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest of it")]
mod threads;
use threads::Dice;

/// Bytes of a case; the choices take four of them at most.
fn case(dice: &mut Dice) -> Vec<u8> {
    let length = dice.below(200);
    (0..4 + length).map(|_| u8::try_from(dice.below(256)).expect("a byte")).collect()
}

#[test]
fn random_cases_hold() {
    let mut dice = Dice::new(0);
    for _ in 0..200 {
        run(&case(&mut dice));
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

#[test]
fn a_key_has_one_number() {
    for code in 0..5 {
        let keys = Choices::read(&mut Bytes::new(&[0, 0, code])).keys;
        assert!((0..5000).all(|nth| keys.nth(keys.key(nth)) == nth), "{keys:?}");
    }
}

/// What a table might get wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// An entry that is removed while there are many is still there.
    RemoveFromMany,
    /// `clear` leaves an entry.
    ClearLeavesOne,
    /// `upsert` leaves a value as it is.
    LostUpdate,
    /// An entry is shown twice once the map has shrunk.
    ShownTwice,
}

struct Faulty<'a> {
    map: &'a dyn Subject,
    fault: Fault,
    has_shrunk: Cell<bool>,
}

impl Subject for Faulty<'_> {
    fn apply(&self, op: &Op) -> Answer {
        match (self.fault, op) {
            (Fault::RemoveFromMany, &Op::Remove(key)) if self.map.len() > 100 => {
                return self.map.apply(&Op::Get(key));
            }
            (Fault::ClearLeavesOne, Op::Clear) => {
                let Answer::Entries(entries) = self.map.apply(&Op::Drain) else { unreachable!() };
                if let Some(&(key, value)) = entries.first() {
                    self.map.apply(&Op::Insert(key, value));
                }
                return Answer::Nothing;
            }
            (Fault::LostUpdate, &Op::Upsert(key, _)) if self.map.apply(&Op::Contains(key)) == Answer::Is(true) => {
                return self.map.apply(&Op::Get(key));
            }
            (Fault::ShownTwice, Op::Shrink) => self.has_shrunk.set(true),
            (Fault::ShownTwice, Op::Look) if self.has_shrunk.get() => {
                let Answer::Entries(mut entries) = self.map.apply(op) else { unreachable!() };
                entries.extend(entries.first().copied());
                entries.sort_unstable();
                return Answer::Entries(entries);
            }
            _ => {}
        }
        self.map.apply(op)
    }
    fn len(&self) -> usize {
        self.map.len()
    }
    fn capacity(&self) -> Option<usize> {
        self.map.capacity()
    }
    fn evicted(&self) -> u64 {
        self.map.evicted()
    }
}

#[test]
fn faults_are_found() {
    for fault in [Fault::RemoveFromMany, Fault::ClearLeavesOne, Fault::LostUpdate, Fault::ShownTwice] {
        let mut dice = Dice::new(1);
        let is_found = (0..2000).any(|_| {
            let bytes = case(&mut dice);
            let mut bytes = Bytes::new(&bytes);
            let choices = Choices::read(&mut bytes);
            let ops = ops::read(&mut bytes);
            let clock = Manual::new();
            let map = choices.build(&clock);
            let faulty = Faulty { map: &*map, fault, has_shrunk: Cell::new(false) };
            catch_unwind(AssertUnwindSafe(|| choices.try_on(&faulty, &clock, &ops))).is_err()
        });
        assert!(is_found, "{fault:?} was not found");
    }
}
