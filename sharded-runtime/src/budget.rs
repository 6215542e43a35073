//! The capacity of a field, shared out to its shards.
//!
//! The capacity is the field's, not a shard's. Every entry holds one unit of it. Shards take units in batches while there
//! are plenty, one at a time when they run low; what idle shards hoard is collected before anything is evicted. So no
//! entry is evicted while the field has room, and the field holds at most its capacity, and one entry more for each thread that is
//! inserting at that moment.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

// Relaxed throughout: the units are only counted, and what they stand for is ordered by the shards' locks.

/// Units that no shard has.
#[derive(Debug)]
pub(crate) struct Budget {
    capacity: usize,
    /// Below zero: so many entries must leave.
    free: AtomicI64,
    /// Whether any shard may hold units that it does not use.
    hoarded: AtomicBool,
    batch: u32,
}

/// The units that a shard holds and does not use yet.
#[derive(Debug, Default)]
pub(crate) struct Purse(AtomicU32);

impl Budget {
    /// No purse ever holds more.
    const MOST: usize = 64;

    pub(crate) fn new(capacity: usize, shards: usize) -> Self {
        let batch = (capacity / shards / 8).clamp(1, Self::MOST);
        Budget {
            capacity,
            free: AtomicI64::new(i64::try_from(capacity).unwrap_or(i64::MAX)),
            hoarded: AtomicBool::new(false),
            batch: u32::try_from(batch).unwrap_or(1),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes a unit for an entry, or says that there is none left.
    pub(crate) fn take<'a>(&self, purse: &Purse, others: impl Iterator<Item = &'a Purse>) -> bool {
        purse.spend() || self.withdraw(purse) || (self.collect(others) && self.withdraw(purse))
    }

    /// Takes a unit that is not there; an entry must leave for it.
    pub(crate) fn overdraw(&self) {
        self.free.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn is_overdrawn(&self) -> bool {
        self.free.load(Ordering::Relaxed) < 0
    }

    /// Returns the units of entries that are gone.
    pub(crate) fn give(&self, purse: &Purse, units: usize) {
        let free = self.free.load(Ordering::Relaxed);
        if units == 1 && free > 0 && purse.0.load(Ordering::Relaxed) < self.batch {
            purse.0.fetch_add(1, Ordering::Relaxed);
            self.hoarded.store(true, Ordering::Relaxed);
        } else {
            self.free.fetch_add(i64::try_from(units).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    fn withdraw(&self, purse: &Purse) -> bool {
        let plenty = i64::from(self.batch) * 8;
        let mut taken = 0;
        let took = self.free.try_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            taken = if free > plenty { self.batch } else { 1 };
            (free > 0).then(|| free - i64::from(taken))
        });
        if took.is_ok() && taken > 1 {
            purse.0.fetch_add(taken - 1, Ordering::Relaxed);
            self.hoarded.store(true, Ordering::Relaxed);
        }
        took.is_ok()
    }

    /// Brings in what the purses hold; says whether there was anything.
    fn collect<'a>(&self, purses: impl Iterator<Item = &'a Purse>) -> bool {
        if !self.hoarded.swap(false, Ordering::Relaxed) {
            return false;
        }
        let units = purses.map(|purse| i64::from(purse.0.swap(0, Ordering::Relaxed))).sum();
        self.free.fetch_add(units, Ordering::Relaxed);
        units > 0
    }
}

impl Purse {
    fn spend(&self) -> bool {
        self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |units| units.checked_sub(1)).is_ok()
    }
}
