//! The capacity of a field, shared out to its shards.
//!
//! The capacity is the field's, not a shard's. Every entry holds one unit of it, or as many as it weighs. Shards take units in batches while there
//! are plenty, one at a time when they run low; what idle shards hoard is collected before anything is evicted. So no
//! entry is evicted while the field has room, and the field holds at most its capacity, and one entry more for each thread that is
//! inserting at that moment.
//!
//! Units are spent from a shard's purse and returned to it without waiting. They go between the purses and the common
//! stock under a mutex, and a counter that is odd meanwhile lets others tell, without the mutex, that nothing is left.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

// `is_dry` reads three words as of one moment. Sequential consistency throughout gives it that by the total order of
// all these accesses; on x86-64 it costs next to nothing more, as all the writes but the flag's, which is seldom written, are
// read-modify-writes anyway.

/// Units that no shard has.
#[derive(Debug)]
pub(crate) struct Budget {
    capacity: usize,
    /// Below zero: so many units must come back.
    free: AtomicI64,
    /// Whether any purse may hold units.
    hoarded: AtomicBool,
    /// Odd while units are on their way between purses and `free`.
    moves: AtomicU64,
    mover: Mutex<()>,
    batch: u64,
}

/// The units that a shard holds and does not use yet.
#[derive(Debug, Default)]
pub(crate) struct Purse(AtomicU64);

impl Budget {
    /// No purse is ever given more, where every entry takes one.
    const MOST: usize = 64;

    pub(crate) fn new(capacity: usize, shards: usize, weighs: bool) -> Self {
        let most = if weighs { usize::MAX } else { Self::MOST };
        let batch = (capacity / shards / 8).clamp(1, most);
        Budget {
            capacity,
            free: AtomicI64::new(signed(capacity as u64)),
            hoarded: AtomicBool::new(false),
            moves: AtomicU64::new(0),
            mover: Mutex::new(()),
            batch: batch as u64,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes the units of an entry, or says that there are not so many left anywhere.
    pub(crate) fn take<'a, I>(&self, purse: &Purse, units: u64, purses: impl Fn() -> I) -> bool
    where
        I: Iterator<Item = &'a Purse>,
    {
        if purse.spend(units) {
            return true;
        }
        while !self.is_dry(units) {
            let _mover = self.mover.lock();
            self.moves.fetch_add(1, SeqCst);
            if self.free.load(SeqCst) < signed(units) && self.hoarded.swap(false, SeqCst) {
                let collected = purses().map(|purse| signed(purse.0.swap(0, SeqCst))).sum();
                self.free.fetch_add(collected, SeqCst);
            }
            let taken = self.withdraw(purse, units);
            self.moves.fetch_add(1, SeqCst);
            if taken {
                return true;
            }
        }
        false
    }

    /// Takes units that are not there; entries must leave for them.
    pub(crate) fn overdraw(&self, units: u64) {
        self.free.fetch_sub(signed(units), SeqCst);
    }

    /// Takes over some of what is owed for overdrafts, at most so much: entries are to leave that have it. Where none can, it is
    /// [overdrawn](Budget::overdraw) again.
    pub(crate) fn take_over_debt(&self, most: u64) -> u64 {
        let mut taken = 0;
        let _ = self.free.try_update(SeqCst, SeqCst, |free| {
            taken = free.min(0).unsigned_abs().min(most);
            (taken > 0).then(|| free + signed(taken))
        });
        taken
    }

    pub(crate) fn is_overdrawn(&self) -> bool {
        self.free.load(SeqCst) < 0
    }

    /// Returns the units of an entry that is gone.
    pub(crate) fn give(&self, purse: &Purse, units: u64) {
        if self.free.load(SeqCst) > 0 && purse.0.load(SeqCst) < self.batch {
            purse.0.fetch_add(units, SeqCst);
            if !self.hoarded.load(SeqCst) {
                self.hoarded.store(true, SeqCst);
            }
        } else {
            self.free.fetch_add(signed(units), SeqCst);
        }
    }

    /// Returns the units of all the entries of a shard.
    pub(crate) fn give_all(&self, units: u64) {
        self.free.fetch_add(signed(units), SeqCst);
    }

    /// Whether, at one moment, there were not so many in stock, nothing in a purse and nothing on its way.
    fn is_dry(&self, units: u64) -> bool {
        let before = self.moves.load(SeqCst);
        let is_dry = self.free.load(SeqCst) < signed(units) && !self.hoarded.load(SeqCst);
        is_dry && before.is_multiple_of(2) && self.moves.load(SeqCst) == before
    }

    /// Takes units from the stock, and more for the purse where there are plenty.
    fn withdraw(&self, purse: &Purse, units: u64) -> bool {
        let plenty = signed(self.batch * 8 + units - 1);
        let mut more = 0;
        let took = self.free.try_update(SeqCst, SeqCst, |free| {
            more = if free > plenty { self.batch - 1 } else { 0 };
            (free >= signed(units)).then(|| free - signed(units + more))
        });
        if took.is_ok() && more > 0 {
            purse.0.fetch_add(more, SeqCst);
            self.hoarded.store(true, SeqCst);
        }
        took.is_ok()
    }
}

/// No more than memory has bytes, or 2^16 shards have entries of 2^32 units.
fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

impl Purse {
    fn spend(&self, units: u64) -> bool {
        self.0.try_update(SeqCst, SeqCst, |held| held.checked_sub(units)).is_ok()
    }
}
