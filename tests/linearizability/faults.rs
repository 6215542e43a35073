//! Maps with a deliberate fault, one of each kind, to show that the checker finds them.

use super::{
    common::{
        policy::{Never, Of},
        threads::Dice,
    },
    histories::{
        churn::Churned,
        payload::{Name, stumble},
        register::{Answer, Call, Number, apply},
    },
    subject::Subject,
};
use parking_lot::Mutex as Plain;
use sharded::{ShardedMap, evict::Unbounded, lock::Mutex};
use std::{collections::HashMap, thread};

type Map = ShardedMap<u64, Number, Of<Mutex, Never, Unbounded>>;

/// What is wrong with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `get` answers now and then what an earlier one did.
    StaleGet,
    StaleContains,
    StaleGetMany,
    /// A read looks at a value while its halves are written one after the other.
    TornRead,
    /// `insert` answers what it found before somebody else came in between.
    WrongPrevious,
    /// `insert_if_absent` stores what somebody else has stored meanwhile.
    InsertIfPresent,
    /// Changes in place are a read and a write.
    LostWithMut,
    LostUpsert,
    LostCompute,
    /// `remove` answers the value and leaves it there, now and then.
    LostRemove,
    /// Two `remove`s answer one value.
    RemovedTwice,
    /// While a table moves an entry, it is nowhere.
    HiddenByMove,
    /// An entry that was removed while a table moved it is there again.
    BackByMove,
    /// A walk passes over an entry that is there all the while.
    MissedByWalk,
    /// A walk comes by an entry twice.
    TwiceInWalk,
    /// Taking out all entries copies them and clears the map later.
    LostByDrain,
    /// A lookup in an index does not check that the entry still has the index key.
    UncheckedFind,
}

pub(crate) const FAULTS: [Fault; 17] = [
    Fault::StaleGet,
    Fault::StaleContains,
    Fault::StaleGetMany,
    Fault::TornRead,
    Fault::WrongPrevious,
    Fault::InsertIfPresent,
    Fault::LostWithMut,
    Fault::LostUpsert,
    Fault::LostCompute,
    Fault::LostRemove,
    Fault::RemovedTwice,
    Fault::HiddenByMove,
    Fault::BackByMove,
    Fault::MissedByWalk,
    Fault::TwiceInWalk,
    Fault::LostByDrain,
    Fault::UncheckedFind,
];

/// A map with a fault, or without any.
pub(crate) struct Faulty {
    map: Map,
    /// The other halves of the values, for [`Fault::TornRead`].
    halves: Map,
    fault: Option<Fault>,
    /// What was answered last, by key.
    stale: Plain<HashMap<u32, Answer>>,
    one_writer: Plain<()>,
    dice: Plain<Dice>,
}

impl Faulty {
    pub(crate) fn new(fault: Option<Fault>, seed: u64) -> Self {
        Faulty {
            map: Map::new(),
            halves: Map::new(),
            fault,
            stale: Plain::default(),
            one_writer: Plain::default(),
            dice: Plain::new(Dice::new(seed)),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn now_and_then(&self) -> bool {
        self.dice.lock().below(8) == 0
    }

    /// Mostly the answer, and now and then the one before.
    fn stale(&self, key: u32, answer: Answer) -> Answer {
        let before = self.stale.lock().insert(key, answer);
        before.filter(|_| self.now_and_then()).unwrap_or(answer)
    }

    /// What the key holds, looked up, and left alone for a moment.
    fn found(&self, key: u32) -> Option<Number> {
        let Answer::Value(found) = self.map.call(key, Call::Get) else { unreachable!("numbers are whole") };
        if self.now_and_then() {
            thread::yield_now();
        }
        found
    }

    /// The call as a read and a write, with time for others in between.
    fn in_two_steps(&self, key: u32, call: Call) -> Answer {
        let found = self.found(key);
        let (answer, left) = apply(call, found);
        match left {
            _ if left == found => {}
            Some(number) => drop(self.map.call(key, Call::Insert(number))),
            None => drop(self.map.call(key, Call::Remove)),
        }
        answer
    }

    /// The call on a value in two halves: writers take turns, readers read on.
    fn in_halves(&self, key: u32, call: Call) -> Answer {
        let name = u64::of(key);
        if matches!(call, Call::Get | Call::GetMany | Call::With) {
            let low = self.map.get(&name);
            stumble();
            return match (low, self.halves.get(&name)) {
                (Some(low), Some(high)) if low != !high => Answer::Wrong("a torn value"),
                // One that is being stored or removed is not looked at.
                (low, _) => Answer::Value(low),
            };
        }
        let _turn = self.one_writer.lock();
        let found = self.map.get(&name);
        let (answer, left) = apply(call, found);
        if let Some(number) = left {
            self.map.insert(name, number);
            stumble();
            self.halves.insert(name, !number);
        } else {
            self.map.remove(&name);
            stumble();
            self.halves.remove(&name);
        }
        answer
    }

    /// Moves the entry as a table without a lock might.
    fn move_entry(&self, key: u32) {
        if self.has(Fault::HiddenByMove) {
            if let Answer::Value(Some(number)) = self.map.call(key, Call::Remove) {
                thread::yield_now();
                self.map.call(key, Call::InsertIfAbsent(number));
            }
        } else if let Some(number) = self.found(key) {
            self.map.call(key, Call::InsertIfAbsent(number));
        }
    }
}

impl Churned for Faulty {
    fn call(&self, key: u32, call: Call) -> Answer {
        if self.has(Fault::TornRead) {
            return self.in_halves(key, call);
        }
        if matches!(self.fault, Some(Fault::HiddenByMove | Fault::BackByMove)) && self.now_and_then() {
            self.move_entry(key);
        }
        match (self.fault, call) {
            (Some(Fault::StaleGet), Call::Get) | (Some(Fault::StaleContains), Call::Contains) => {
                self.stale(key, self.map.call(key, call))
            }
            (Some(Fault::WrongPrevious), Call::Insert(_)) => {
                let before = self.found(key);
                self.map.call(key, call);
                Answer::Value(before)
            }
            (Some(Fault::LostRemove), Call::Remove) if self.now_and_then() => Answer::Value(self.found(key)),
            (Some(Fault::InsertIfPresent), Call::InsertIfAbsent(_))
            | (Some(Fault::LostWithMut), Call::WithMut(_))
            | (Some(Fault::LostUpsert), Call::Upsert(..))
            | (Some(Fault::LostCompute), Call::Compute(..))
            | (Some(Fault::RemovedTwice), Call::Remove) => self.in_two_steps(key, call),
            (Some(Fault::UncheckedFind), Call::Find(is_even)) => match self.found(key) {
                Some(number) if number.is_multiple_of(2) == is_even => self.map.call(key, Call::Get),
                _ => Answer::Value(None),
            },
            _ => self.map.call(key, call),
        }
    }

    fn shrink(&self) {
        self.map.shrink();
    }
}

impl Subject for Faulty {
    fn get_many(&self, keys: &[u32]) -> Vec<Answer> {
        if self.has(Fault::TornRead) {
            return keys.iter().map(|&key| self.in_halves(key, Call::GetMany)).collect();
        }
        let answers = Subject::get_many(&self.map, keys);
        if !self.has(Fault::StaleGetMany) {
            return answers;
        }
        keys.iter().zip(answers).map(|(&key, answer)| self.stale(key, answer)).collect()
    }

    fn insert_many(&self, entries: &[(u32, Number)]) -> Vec<Answer> {
        if self.has(Fault::TornRead) {
            return entries.iter().map(|&(key, number)| self.in_halves(key, Call::Insert(number))).collect();
        }
        Subject::insert_many(&self.map, entries)
    }

    fn remove_many(&self, keys: &[u32]) -> Vec<Answer> {
        if self.has(Fault::TornRead) || self.has(Fault::LostRemove) || self.has(Fault::RemovedTwice) {
            return keys.iter().map(|&key| self.call(key, Call::Remove)).collect();
        }
        Subject::remove_many(&self.map, keys)
    }

    fn walk(&self) -> Vec<(u32, Answer)> {
        let mut seen = self.map.walk();
        if self.has(Fault::MissedByWalk) && self.now_and_then() {
            seen.pop();
        }
        if self.has(Fault::TwiceInWalk) && self.now_and_then() {
            seen.extend(seen.last().copied());
        }
        seen
    }

    fn drain(&self) -> Vec<(u32, Answer)> {
        if self.has(Fault::TornRead) {
            let keys: Vec<u32> = self.map.walk().into_iter().map(|(key, _)| key).collect();
            return keys.into_iter().map(|key| (key, self.in_halves(key, Call::Drain))).collect();
        }
        if !self.has(Fault::LostByDrain) {
            return Subject::drain(&self.map);
        }
        let seen = self.map.walk();
        thread::yield_now();
        self.map.clear();
        seen
    }

    fn shards(&self) -> usize {
        self.map.shards()
    }

    fn has_index(&self) -> bool {
        self.has(Fault::UncheckedFind)
    }
}
