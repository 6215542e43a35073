//! The mixtures of conc-map-bench.
//!
//! The shares are its own, and what is done to which key is that of its harness, `bustle` 0.5: the hundred operations of a
//! mixture in one shuffled order, again and again; every thread with keys of its own; an insert takes the next key that is not there, a
//! removal the oldest that is; reads and changes stride over all keys, present or not. So every answer is known, and
//! is checked.
//!
//! What differs: `bustle` runs one system to its end. Here systems take turns, so a thread's keys form a ring, and the
//! mixtures of constant size go round it for as long as the turns last. Nothing is reserved ahead: not every system can.

use sharded_bench_common::random::{SliceRandom, seeded};
use std::sync::Arc;

/// Shares of a hundred.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) read: usize,
    pub(crate) insert: usize,
    pub(crate) remove: usize,
    pub(crate) update: usize,
    /// How full the table is at the start, in quarters of its nominal size.
    pub(crate) prefilled_quarters: u64,
}

pub(crate) const READ_HEAVY: Shares = Shares { read: 98, insert: 1, remove: 1, update: 0, prefilled_quarters: 3 };
pub(crate) const EXCHANGE: Shares = Shares { read: 10, insert: 40, remove: 40, update: 10, prefilled_quarters: 3 };
pub(crate) const RAPID_GROW: Shares = Shares { read: 5, insert: 80, remove: 5, update: 10, prefilled_quarters: 0 };

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Read,
    Insert,
    Remove,
    Update,
}

/// One operation, and whether the key must have been there (for an insert: must not).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) operation: Operation,
    pub(crate) number: u64,
    pub(crate) expected: bool,
}

/// What one thread does.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    operations: Arc<[Operation]>,
    next: usize,
    /// The numbers of this thread's keys are `first..=first + mask`.
    first: u64,
    mask: u64,
    /// Where reads are. The oldest key there is, and the next that is not, count on and are masked when used.
    find: u64,
    erase: u64,
    insert: u64,
}

impl Mix {
    /// One per thread, for a table of this nominal size, which is rounded up to a power of two.
    pub(crate) fn for_threads(shares: Shares, threads: usize, nominal: u64) -> Vec<Self> {
        let nominal = nominal.next_power_of_two();
        let prefilled = nominal / 4 * shares.prefilled_quarters;
        let operations = shuffled(shares);
        let threads = threads as u64;
        let keys = (nominal + prefilled).div_ceil(threads).next_power_of_two();
        let mix = |thread| Mix {
            operations: Arc::clone(&operations),
            next: 0,
            first: thread * keys,
            mask: keys - 1,
            find: 0,
            erase: 0,
            insert: prefilled / threads,
        };
        (0..threads).map(mix).collect()
    }

    /// The numbers of the entries that are there before the first step.
    pub(crate) fn prefilled(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.insert
    }

    /// What comes next.
    pub(crate) fn step(&mut self) -> Step {
        let operation = self.operations[self.next];
        self.next = if self.next + 1 == self.operations.len() { 0 } else { self.next + 1 };
        let (place, expected) = match operation {
            Operation::Insert => {
                self.insert += 1;
                (self.insert - 1, true)
            }
            Operation::Remove if self.erase < self.insert => {
                self.erase += 1;
                (self.erase - 1, true)
            }
            // What a removal does when there is nothing, too.
            Operation::Read | Operation::Update | Operation::Remove => {
                let place = self.find;
                // bustle's generator, with its constants.
                let keys = self.mask + 1;
                self.find = ((keys / 2 + 1) * place + (keys / 4 - 1)) & self.mask;
                (place, place.wrapping_sub(self.erase) & self.mask < self.insert - self.erase)
            }
        };
        Step { operation, number: self.first + (place & self.mask), expected }
    }
}

fn shuffled(shares: Shares) -> Arc<[Operation]> {
    let all = [
        (Operation::Read, shares.read),
        (Operation::Insert, shares.insert),
        (Operation::Remove, shares.remove),
        (Operation::Update, shares.update),
    ];
    let mut operations: Vec<Operation> =
        all.into_iter().flat_map(|(operation, share)| std::iter::repeat_n(operation, share)).collect();
    assert_eq!(operations.len(), 100, "shares of a hundred");
    operations.shuffle(&mut seeded(0));
    operations.into()
}
