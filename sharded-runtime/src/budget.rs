//! The capacity of a field, shared out to its shards.
//!
//! The capacity is the field's, not a shard's. Every entry holds one unit of it. Shards take units in batches while there
//! are plenty, one at a time when they run low; what idle shards hoard is collected before anything is evicted. So no
//! entry is evicted while the field has room, and the field holds at most its capacity, and one entry more for each thread that is
//! inserting at that moment.
//!
//! Units are spent from a shard's purse and returned to it without waiting. They go between the purses and the common
//! stock under a mutex, and a counter that is odd meanwhile lets others tell, without the mutex, that nothing is left.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::SeqCst};

// `is_dry` reads three words as of one moment. Sequential consistency throughout gives it that by the total order of
// all these accesses; on x86-64 it costs next to nothing more, as all the writes but the flag's, which is seldom written, are
// read-modify-writes anyway.

/// Units that no shard has.
#[derive(Debug)]
pub(crate) struct Budget {
    capacity: usize,
    /// Below zero: so many entries must leave.
    free: AtomicI64,
    /// Whether any purse may hold units.
    hoarded: AtomicBool,
    /// Odd while units are on their way between purses and `free`.
    moves: AtomicU64,
    mover: Mutex<()>,
    batch: u32,
}

/// The units that a shard holds and does not use yet.
#[derive(Debug, Default)]
pub(crate) struct Purse(AtomicU32);

impl Budget {
    /// No purse is ever given more.
    const MOST: usize = 64;

    pub(crate) fn new(capacity: usize, shards: usize) -> Self {
        let batch = (capacity / shards / 8).clamp(1, Self::MOST);
        Budget {
            capacity,
            free: AtomicI64::new(i64::try_from(capacity).unwrap_or(i64::MAX)),
            hoarded: AtomicBool::new(false),
            moves: AtomicU64::new(0),
            mover: Mutex::new(()),
            batch: u32::try_from(batch).unwrap_or(1),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes a unit for an entry, or says that there is none left anywhere.
    pub(crate) fn take<'a, I>(&self, purse: &Purse, purses: impl Fn() -> I) -> bool
    where
        I: Iterator<Item = &'a Purse>,
    {
        if purse.spend() {
            return true;
        }
        while !self.is_dry() {
            let _mover = self.mover.lock();
            self.moves.fetch_add(1, SeqCst);
            if self.free.load(SeqCst) <= 0 && self.hoarded.swap(false, SeqCst) {
                let collected = purses().map(|purse| i64::from(purse.0.swap(0, SeqCst))).sum();
                self.free.fetch_add(collected, SeqCst);
            }
            let taken = self.withdraw(purse);
            self.moves.fetch_add(1, SeqCst);
            if taken {
                return true;
            }
        }
        false
    }

    /// Takes a unit that is not there; an entry must leave for it.
    pub(crate) fn overdraw(&self) {
        self.free.fetch_sub(1, SeqCst);
    }

    /// Takes over what one overdraft owes: an entry is to leave. Where none can, it is [overdrawn](Budget::overdraw) again.
    pub(crate) fn take_over_debt(&self) -> bool {
        self.free.try_update(SeqCst, SeqCst, |free| (free < 0).then(|| free + 1)).is_ok()
    }

    pub(crate) fn is_overdrawn(&self) -> bool {
        self.free.load(SeqCst) < 0
    }

    /// Returns the unit of an entry that is gone.
    pub(crate) fn give(&self, purse: &Purse) {
        if self.free.load(SeqCst) > 0 && purse.0.load(SeqCst) < self.batch {
            purse.0.fetch_add(1, SeqCst);
            if !self.hoarded.load(SeqCst) {
                self.hoarded.store(true, SeqCst);
            }
        } else {
            self.free.fetch_add(1, SeqCst);
        }
    }

    /// Returns the units of all the entries of a shard.
    pub(crate) fn give_all(&self, units: usize) {
        self.free.fetch_add(i64::try_from(units).unwrap_or(i64::MAX), SeqCst);
    }

    /// Whether, at one moment, there was nothing in stock, nothing in a purse and nothing on its way.
    fn is_dry(&self) -> bool {
        let before = self.moves.load(SeqCst);
        let is_dry = self.free.load(SeqCst) <= 0 && !self.hoarded.load(SeqCst);
        is_dry && before.is_multiple_of(2) && self.moves.load(SeqCst) == before
    }

    /// Takes a unit from the stock, and more for the purse where there are plenty.
    fn withdraw(&self, purse: &Purse) -> bool {
        let plenty = i64::from(self.batch) * 8;
        let mut taken = 0;
        let took = self.free.try_update(SeqCst, SeqCst, |free| {
            taken = if free > plenty { self.batch } else { 1 };
            (free > 0).then(|| free - i64::from(taken))
        });
        if took.is_ok() && taken > 1 {
            purse.0.fetch_add(taken - 1, SeqCst);
            self.hoarded.store(true, SeqCst);
        }
        took.is_ok()
    }
}

impl Purse {
    fn spend(&self) -> bool {
        self.0.try_update(SeqCst, SeqCst, |units| units.checked_sub(1)).is_ok()
    }
}
