//! A quick round of random cases, and planted faults that must be found.

use crate::{decode, run};
use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use sharded::{Stats, clock::Manual};
use sharded_operations::{Answer, Key, Log, Op, Subject, Value};
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
    fn entries(&self) -> Vec<(Key, Value)> {
        self.map.entries()
    }
    fn len(&self) -> usize {
        self.map.len()
    }
    fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
    fn live_len(&self) -> usize {
        self.map.live_len()
    }
    fn capacity(&self) -> Option<usize> {
        self.map.capacity()
    }
    fn stats(&self) -> Stats {
        self.map.stats()
    }
    fn shard_of(&self, key: Key) -> usize {
        self.map.shard_of(key)
    }
    fn listen(&self, log: Log) {
        self.map.listen(log);
    }
}

#[test]
fn faults_are_found() {
    for fault in [Fault::RemoveFromMany, Fault::ClearLeavesOne, Fault::LostUpdate, Fault::ShownTwice] {
        let mut random = SmallRng::seed_from_u64(1);
        let is_found = (0..2000).any(|_| {
            let (choices, ops) = decode(&case(&mut random));
            let clock = Manual::new();
            let (map, traits) = choices.build(&clock);
            let faulty = Faulty { map: &*map, fault, has_shrunk: Cell::new(false) };
            catch_unwind(AssertUnwindSafe(|| choices.try_on(&faulty, traits, &clock, ops))).is_err()
        });
        assert!(is_found, "{fault:?} was not found");
    }
}
