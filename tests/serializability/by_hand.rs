//! The reference: shards with a lock each, which a transaction takes in ascending order, as in code written by hand.
//! Variants with a fault of each kind show that the checker finds it.

use super::{
    common::threads::Dice,
    histories::{
        payload::stumble,
        register::{Answer, Call, Number, apply},
    },
    history::{Outcome, Subject},
    transaction::{End, ROWS, Row, State, Step},
};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use std::{
    collections::{BTreeMap, HashMap},
    mem, thread,
};

/// What goes wrong in some of the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A transaction does not lock one of its shards, but only each access to it.
    UnlockedShard,
    /// A transaction unlocks its shards when half of its steps are done, which is not two-phase locking.
    EarlyUnlock,
    /// An error of the closure leaves a row as the transaction has changed it.
    LostRollback,
    /// The same with a panic of the closure.
    LostRollbackOfPanic,
    /// A commit leaves out one row.
    LostWrite,
    /// A commit shows in one map and later in the other.
    OneMapAtATime,
    /// A transaction takes effect twice.
    AppliedTwice,
    /// A view reads one row after the other.
    TornView,
    /// A view shows one moment of all rows, but not one since it began.
    StaleView,
    /// A single call reads, lets others in, and writes.
    SplitSingleCall,
    /// A transaction answers what it read before it locked anything.
    ReadBeforeLock,
}

pub(crate) const FAULTS: [Fault; 11] = [
    Fault::UnlockedShard,
    Fault::EarlyUnlock,
    Fault::LostRollback,
    Fault::LostRollbackOfPanic,
    Fault::LostWrite,
    Fault::OneMapAtATime,
    Fault::AppliedTwice,
    Fault::TornView,
    Fault::StaleView,
    Fault::SplitSingleCall,
    Fault::ReadBeforeLock,
];

type Table = HashMap<Row, Number>;

/// Maps of shards, with a fault or without any.
pub(crate) struct ByHand {
    /// All shards of the first map, then those of the second.
    shards: Vec<RwLock<Table>>,
    maps: usize,
    fault: Option<Fault>,
    dice: Mutex<Dice>,
    /// What [`Fault::StaleView`] shows.
    stale: Mutex<State>,
}

/// The locks that a transaction holds, by the number of the shard.
struct Held<'a> {
    maps: &'a ByHand,
    guards: BTreeMap<usize, RwLockWriteGuard<'a, Table>>,
}

impl Held<'_> {
    /// Uses the shard of a row, which a fault may have left unlocked.
    fn with<R>(&mut self, row: Row, run: impl FnOnce(&mut Table) -> R) -> R {
        let shard = self.maps.shard_of(row);
        match self.guards.get_mut(&shard) {
            Some(table) => run(table),
            None => run(&mut self.maps.shards[shard].write()),
        }
    }

    fn call(&mut self, Step { row, call }: Step) -> Answer {
        self.with(row, |table| run(table, row, call))
    }

    fn get(&mut self, row: Row) -> Option<Number> {
        self.with(row, |table| table.get(&row).copied())
    }

    fn put(&mut self, row: Row, value: Option<Number>) {
        self.with(row, |table| put(table, row, value));
    }
}

fn run(table: &mut Table, row: Row, call: Call) -> Answer {
    let (answer, left) = apply(call, table.get(&row).copied());
    put(table, row, left);
    answer
}

fn put(table: &mut Table, row: Row, value: Option<Number>) {
    match value {
        Some(number) => drop(table.insert(row, number)),
        None => drop(table.remove(&row)),
    }
}

impl ByHand {
    pub(crate) fn new(maps: usize, shards: usize, fault: Option<Fault>, seed: u64) -> Self {
        ByHand {
            shards: (0..maps * shards).map(|_| RwLock::default()).collect(),
            maps,
            fault,
            dice: Mutex::new(Dice::new(seed)),
            stale: Mutex::new([None; ROWS]),
        }
    }

    fn map_of(&self, row: Row) -> usize {
        row % self.maps
    }

    fn shard_of(&self, row: Row) -> usize {
        let shards = self.shards.len() / self.maps;
        self.map_of(row) * shards + row / self.maps % shards
    }

    /// Whether this fault happens now.
    fn strikes(&self, fault: Fault) -> bool {
        self.fault == Some(fault) && self.dice.lock().below(4) == 0
    }

    fn lock(&self, rows: &[Row]) -> Held<'_> {
        let mut guards = BTreeMap::new();
        let mut shards: Vec<usize> = rows.iter().map(|&row| self.shard_of(row)).collect();
        shards.sort_unstable();
        for shard in shards {
            guards.entry(shard).or_insert_with(|| self.shards[shard].write());
        }
        Held { maps: self, guards }
    }

    /// What a call that changes nothing answers.
    fn get(&self, row: Row, call: Call) -> Answer {
        apply(call, self.shards[self.shard_of(row)].read().get(&row).copied()).0
    }

    /// All rows at one moment.
    fn state(&self) -> State {
        let guards: Vec<_> = self.shards.iter().map(RwLock::read).collect();
        std::array::from_fn(|row| guards[self.shard_of(row)].get(&row).copied())
    }

    /// Takes back the changes of one map for a moment in which nothing is locked.
    fn show_one_map(&self, held: &mut Held<'_>, before: &[(Row, Option<Number>)]) {
        let of_second = |&&(row, _): &&(Row, Option<Number>)| self.map_of(row) > 0;
        let after: Vec<_> = before.iter().filter(of_second).map(|&(row, _)| (row, held.get(row))).collect();
        for &(row, value) in before.iter().rev().filter(of_second) {
            held.put(row, value);
        }
        held.guards.clear();
        thread::yield_now();
        for (row, value) in after {
            held.put(row, value);
        }
    }
}

impl Subject for ByHand {
    fn single(&self, row: Row, call: Call) -> Outcome {
        let shard = &self.shards[self.shard_of(row)];
        if call.is_read() {
            return Outcome::of(vec![self.get(row, call)]);
        }
        if self.strikes(Fault::SplitSingleCall) {
            let (answer, left) = apply(call, shard.read().get(&row).copied());
            thread::yield_now();
            put(&mut shard.write(), row, left);
            return Outcome::of(vec![answer]);
        }
        Outcome::of(vec![run(&mut shard.write(), row, call)])
    }

    fn transaction(&self, rows: &[Row], steps: &[Step], end: End) -> Outcome {
        let early = self.strikes(Fault::ReadBeforeLock).then(|| self.state());
        if early.is_some() {
            thread::yield_now();
        }
        let mut held = self.lock(rows);
        if self.strikes(Fault::UnlockedShard) {
            held.guards.pop_last();
        }
        let unlocks_early = self.strikes(Fault::EarlyUnlock);
        let (mut answers, mut before) = (Vec::new(), Vec::new());
        for (at, &step) in steps.iter().enumerate() {
            if unlocks_early && at == steps.len() / 2 {
                held.guards.clear();
                thread::yield_now();
            }
            stumble();
            before.push((step.row, held.get(step.row)));
            let answer = held.call(step);
            let is_first = step.call == Call::Get && !steps[..at].iter().any(|other| other.row == step.row);
            answers.push(early.filter(|_| is_first).map_or(answer, |early| Answer::Value(early[step.row])));
        }
        match end {
            End::Commit if self.strikes(Fault::LostWrite) => {
                let (row, value) = before[0];
                held.put(row, value);
            }
            End::Commit if self.strikes(Fault::AppliedTwice) => {
                for &step in steps {
                    held.call(step);
                }
            }
            End::Commit if self.strikes(Fault::OneMapAtATime) => self.show_one_map(&mut held, &before),
            End::Commit => {}
            End::Abort | End::Panic => {
                let fault = if end == End::Abort { Fault::LostRollback } else { Fault::LostRollbackOfPanic };
                let lost = if self.strikes(fault) { steps.first().map(|step| step.row) } else { None };
                for &(row, value) in before.iter().rev().filter(|&&(row, _)| Some(row) != lost) {
                    held.put(row, value);
                }
            }
        }
        Outcome { answers, end }
    }

    fn view(&self, rows: &[Row]) -> Vec<Answer> {
        if self.strikes(Fault::TornView) {
            let read = |&row: &Row| {
                stumble();
                self.get(row, Call::Get)
            };
            return rows.iter().map(read).collect();
        }
        let now = self.state();
        let before = mem::replace(&mut *self.stale.lock(), now);
        let state = if self.strikes(Fault::StaleView) { before } else { now };
        rows.iter().map(|&row| Answer::Value(state[row])).collect()
    }
}
