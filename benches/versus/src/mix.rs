//! The mixtures of conc-map-bench.
//!
//! The shares are those of conc-map-bench, and the keys are chosen as in its harness, `bustle` 0.5. The hundred
//! operations of a mixture run in one shuffled order, again and again. Every thread has keys of its own. An insert
//! takes the next missing key, and a removal the oldest present key. Reads and changes stride over all keys, present or
//! not. So every answer is known, and is checked.
//!
//! One thing differs: `bustle` runs one system to its end. Here systems take turns, so a thread's keys form a ring, and
//! the mixtures of constant size go round it while the turns last. No capacity is reserved, because not every system
//! can.

use sharded_bench_common::random::{SliceRandom, seeded};
use std::sync::Arc;

/// The number of each operation in a hundred.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) read: usize,
    pub(crate) insert: usize,
    pub(crate) remove: usize,
    pub(crate) update: usize,
    /// The entries at the start, in quarters of the nominal size.
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

/// One operation, and its correct answer: whether the key was there (for an insert: was not).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) operation: Operation,
    pub(crate) number: u64,
    pub(crate) expected: bool,
}

/// The operations of one thread.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    operations: Arc<[Operation]>,
    next: usize,
    /// The numbers of this thread's keys are `first..=first + mask`.
    first: u64,
    mask: u64,
    /// The position of reads. The positions of the oldest present key and of the next missing one count on, and are
    /// masked when used.
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

    /// The numbers of the entries at the start.
    pub(crate) fn prefilled(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.insert
    }

    /// The next step.
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
            // Also a removal from an empty map.
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
