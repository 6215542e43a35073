//! The capacity of a field, shared out to its shards.
//!
//! The whole field has one capacity. Each entry holds one unit of it, or as many units as it weighs. While many units
//! are free, a shard takes them in batches and keeps the rest of a batch as its credit. When few are free, it takes
//! them one at a time. The credits of all shards are collected before anything is evicted, so no entry is evicted while
//! the field has room. Units that are given back while few are free do not become credit, so credits are not collected
//! again and again. A field exceeds its capacity by at most one entry for each thread that is inserting, and by the
//! inserts of a transaction until the transaction has repaid them.
//!
//! Where entries are weighed and shared with readers, a part of the capacity is kept for entries that have left, and
//! that readers may still hold: each shard may have its share of it.
//!
//! A shard spends its credit, and gives units back to it, without waiting. Units move between the credits and the
//! common stock under a mutex. A counter is odd while they move, so a thread can see without the mutex that no units
//! are free.

use super::units::Units;
use crate::memory::sync::unmodelled::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

// `is_dry` must see three words as they were at one moment. Sequential consistency ensures that, since it gives all
// these accesses one total order. On x86-64 it costs almost nothing: all frequent writes are read-modify-writes anyway.

/// The capacity of a field, and the units of it that are in stock.
#[derive(Debug)]
pub(crate) struct Budget {
    capacity: usize,
    /// The units of it that are kept for entries that have left.
    for_retired: usize,
    /// The share of a shard in them.
    retired_share: Units,
    /// The units in stock. Negative if the capacity is overdrawn.
    free: AtomicI64,
    /// Whether any credit may hold units.
    hoarded: AtomicBool,
    /// Odd while units move between credits and `free`.
    moves: AtomicU64,
    /// Units that calls have overdrawn and could not repay.
    unpaid: AtomicU64,
    mover: Mutex<()>,
    /// The size of a batch. Zero if shards have no credit.
    batch: Units,
    /// Shards take batches, and give units back to their credit, while the stock is above this.
    plenty: i64,
}

/// The units that a shard holds and does not use yet.
#[derive(Debug, Default)]
pub(crate) struct Credit(AtomicU64);

impl Budget {
    /// The largest batch, without and with weights. The latter is about the heaviest weight, so `plenty` plus the units
    /// of an entry is far below `i64::MAX`.
    const MOST: u64 = 64;
    const MOST_WEIGHED: u64 = 1 << 32;
    /// With more shards than this, no shard has credit: collecting takes time proportional to the number of credits,
    /// under the lock of a shard.
    const MOST_CREDITS: usize = 1024;

    /// One in so many units is kept for entries that have left, where entries are weighed and shared with readers.
    pub(crate) const RETIRED_PART: usize = 16;

    /// A capacity above `i64::MAX` counts as `i64::MAX`: no memory holds that many entries, and 2^31 of the heaviest
    /// entries weigh as much. One in `retired_part` units is kept for entries that have left, or none if it is zero.
    pub(crate) fn new(capacity: usize, shards: usize, weighs: bool, retired_part: usize) -> Self {
        let for_retired = capacity.checked_div(retired_part).unwrap_or(0);
        let for_entries = capacity - for_retired;
        let most = if weighs { Self::MOST_WEIGHED } else { Self::MOST };
        let has_credit = shards <= Self::MOST_CREDITS;
        let batch = Units::new(if has_credit { ((for_entries / shards / 8) as u64).clamp(1, most) } else { 0 });
        Budget {
            capacity,
            for_retired,
            retired_share: Units::new((for_retired / shards) as u64),
            free: AtomicI64::new(Units::new(for_entries as u64).signed()),
            hoarded: AtomicBool::new(false),
            moves: AtomicU64::new(0),
            unpaid: AtomicU64::new(0),
            mover: Mutex::new(()),
            batch,
            plenty: batch.signed() * 8,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether the capacity for entries can hold one of so many units. A capacity of zero can't even hold one of none.
    pub(crate) fn could_hold(&self, units: Units) -> bool {
        self.capacity > 0 && units.get() <= (self.capacity - self.for_retired) as u64
    }

    /// The units that the entries may have that have left one shard.
    pub(crate) fn retired_share(&self) -> Units {
        self.retired_share
    }

    /// Takes the units of an entry. Returns `false` if the stock and all credits together have too few.
    #[inline]
    pub(crate) fn take<'a, I>(&self, credit: &Credit, units: Units, credits: impl Fn() -> I) -> bool
    where
        I: Iterator<Item = &'a Credit>,
    {
        // A full map, whose inserts evict, is dry.
        credit.spend(units) || !self.is_dry(units) && self.take_from_stock(credit, units, credits)
    }

    #[cold]
    fn take_from_stock<'a, I>(&self, credit: &Credit, units: Units, credits: impl Fn() -> I) -> bool
    where
        I: Iterator<Item = &'a Credit>,
    {
        loop {
            if self.batch.is_zero() {
                // Without credits, the stock has all free units.
                return self.withdraw(credit, units);
            }
            let _mover = self.mover.lock();
            self.moves.fetch_add(1, SeqCst);
            if self.free.load(SeqCst) < units.signed() && self.hoarded.swap(false, SeqCst) {
                let collected = credits().map(|credit| Units::new(credit.0.swap(0, SeqCst)).signed()).sum();
                self.free.fetch_add(collected, SeqCst);
            }
            let taken = self.withdraw(credit, units);
            self.moves.fetch_add(1, SeqCst);
            if taken || self.is_dry(units) {
                return taken;
            }
        }
    }

    /// The part of these units that the stock does not have, so that entries must give it up.
    pub(crate) fn lacking(&self, units: Units) -> Units {
        units.minus(Units::new(self.free.load(SeqCst).max(0).unsigned_abs()))
    }

    /// Takes the units of an entry from `held` and the stock, if they have enough together.
    pub(crate) fn take_with(&self, held: &mut Held<'_>, units: Units) -> bool {
        let rest = units.minus(held.units).signed();
        if rest > 0 && self.free.fetch_update(SeqCst, SeqCst, |free| (free >= rest).then(|| free - rest)).is_err() {
            return false;
        }
        held.spend(units);
        true
    }

    /// Takes units beyond the capacity. Entries must leave to repay them.
    pub(crate) fn overdraw(&self, units: Units) {
        self.free.fetch_sub(units.signed(), SeqCst);
    }

    /// Takes over an overdraft of at most `most` units, and returns its size. The caller evicts entries to repay it, or
    /// [overdraws](Budget::overdraw) again.
    fn take_over_debt(&self, most: Units) -> Units {
        let mut taken = Units::ZERO;
        let _ = self.free.fetch_update(SeqCst, SeqCst, |free| {
            taken = Units::new(free.min(0).unsigned_abs()).min(most);
            (!taken.is_zero()).then(|| free + taken.signed())
        });
        taken
    }

    pub(crate) fn is_overdrawn(&self) -> bool {
        self.free.load(SeqCst) < 0
    }

    /// Gives back the units of a removed entry, to the credit or to the stock.
    pub(crate) fn give(&self, credit: &Credit, units: Units) {
        if self.free.load(SeqCst) > self.plenty && credit.0.load(SeqCst) < self.batch.get() {
            credit.0.fetch_add(units.get(), SeqCst);
            if !self.hoarded.load(SeqCst) {
                self.hoarded.store(true, SeqCst);
            }
        } else {
            self.free.fetch_add(units.signed(), SeqCst);
        }
    }

    /// Gives units back to the stock.
    pub(crate) fn give_all(&self, units: Units) {
        self.free.fetch_add(units.signed(), SeqCst);
    }

    /// Whether, at one moment, the stock had too few units, all credits were empty, and no units were moving.
    #[inline]
    fn is_dry(&self, units: Units) -> bool {
        let before = self.moves.load(SeqCst);
        let is_dry = self.free.load(SeqCst) < units.signed() && !self.hoarded.load(SeqCst);
        is_dry && before.is_multiple_of(2) && self.moves.load(SeqCst) == before
    }

    /// Takes units from the stock, and a batch for the credit while there are plenty.
    fn withdraw(&self, credit: &Credit, units: Units) -> bool {
        let plenty = self.plenty + units.signed() - 1;
        let mut more = Units::ZERO;
        let took = self.free.fetch_update(SeqCst, SeqCst, |free| {
            more = if free > plenty { self.batch.minus(Units::new(1)) } else { Units::ZERO };
            (free >= units.signed()).then(|| free - units.plus(more).signed())
        });
        if took.is_ok() && !more.is_zero() {
            credit.0.fetch_add(more.get(), SeqCst);
            self.hoarded.store(true, SeqCst);
        }
        took.is_ok()
    }
}

/// Units that a call has taken and that no entry has yet. The rest goes back to the stock when this is dropped, also on
/// a panic.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    budget: &'a Budget,
    units: Units,
}

impl<'a> Held<'a> {
    /// None yet.
    #[inline]
    pub(crate) fn none(budget: &'a Budget) -> Self {
        Held { budget, units: Units::ZERO }
    }

    #[inline]
    pub(crate) fn units(&self) -> Units {
        self.units
    }

    /// Adds the units of a removed entry.
    #[inline]
    pub(crate) fn add(&mut self, units: Units) {
        self.units = self.units.plus(units);
    }

    /// Takes out at most `most` units, for a new entry or for a debt. Returns how many.
    #[inline]
    pub(crate) fn spend(&mut self, most: Units) -> Units {
        let spent = self.units.min(most);
        self.units = self.units.minus(spent);
        spent
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.units.is_zero() {
            self.budget.give_all(self.units);
        }
    }
}

/// The units that one call owes: those that it has overdrawn, and those that earlier calls could not repay. So a call
/// repays its own overdraft before it returns, however long other calls take. Units that it can't repay are left to the
/// next call when this is dropped, also on a panic.
#[derive(Debug)]
pub(crate) struct Debt<'a> {
    budget: &'a Budget,
    owed: Units,
}

impl<'a> Debt<'a> {
    pub(crate) fn new(budget: &'a Budget, overdrawn: Units) -> Self {
        let unpaid = Units::new(budget.unpaid.swap(0, SeqCst));
        Debt { budget, owed: budget.take_over_debt(overdrawn.plus(unpaid)) }
    }

    /// Pays with `held` units. Returns the units that are still owed.
    pub(crate) fn pay(&mut self, held: &mut Held<'_>) -> Units {
        self.owed = self.owed.minus(held.spend(self.owed));
        self.owed
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        if !self.owed.is_zero() {
            self.budget.overdraw(self.owed);
            self.budget.unpaid.fetch_add(self.owed.get(), SeqCst);
        }
    }
}

impl Credit {
    #[inline]
    fn spend(&self, units: Units) -> bool {
        self.0.fetch_update(SeqCst, SeqCst, |held| held.checked_sub(units.get())).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Credit, Units};
    use crate::dice::Dice;
    use std::{cell::Cell, sync::atomic::Ordering::SeqCst};

    /// Few credits are collected, with any number of shards, also while entries come and go in a map that is nearly
    /// full.
    #[test]
    fn few_credits_are_collected() {
        const CAPACITY: usize = 1 << 18;
        for shards in [16, 1024, 65_536] {
            let credits: Vec<Credit> = (0..shards).map(|_| Credit::default()).collect();
            let budget = Budget::new(CAPACITY, shards, false, 0);
            let collected = Cell::new(0);
            let take = |shard: usize| {
                let seen = || credits.iter().inspect(|_| collected.set(collected.get() + 1));
                assert!(budget.take(&credits[shard % shards], Units::new(1), seen));
            };
            (0..CAPACITY - 10).for_each(take);
            collected.set(0);
            for turn in 0..1000 {
                (0..2).for_each(|more| budget.give(&credits[(turn + 7 * more) % shards], Units::new(1)));
                (0..2).for_each(|more| take(turn * 31 + more * 5));
            }
            assert!(collected.get() <= 1024, "{} of {shards} shards", collected.get());
        }
    }

    /// For capacities around each power of two, with one or several credits, all units add up exactly and nothing
    /// overflows.
    #[test]
    fn units_add_up_for_every_capacity() {
        let mut dice = Dice(1);
        let mut dice = |below| dice.below(below);
        for round in 0..2000 {
            let power = u32::try_from(round % 65).expect("a shift");
            let near = 1_u64.checked_shl(power).map_or(u64::MAX, |power| (power - 1).saturating_add(dice(3)));
            let capacity = usize::try_from(near.max(1)).unwrap_or(usize::MAX);
            let credits: Vec<Credit> = (0..1 << dice(5)).map(|_| Credit::default()).collect();
            let weighs = dice(2) == 0;
            let budget = Budget::new(capacity, credits.len(), weighs, 0);
            let heaviest = if weighs { u64::from(u32::MAX) } else { 1 };
            // The units of each entry.
            let mut taken = Vec::new();
            for _ in 0..100 {
                let credit = &credits[usize::try_from(dice(credits.len() as u64)).expect("an index")];
                match dice(6) {
                    0..=2 => {
                        let units = Units::new(heaviest - dice(heaviest.min(7)));
                        if !budget.take(credit, units, || credits.iter()) {
                            budget.overdraw(units);
                        }
                        taken.push(units);
                    }
                    3 => budget.give(credit, taken.pop().unwrap_or(Units::ZERO)),
                    4 => budget.give_all(taken.pop().unwrap_or(Units::ZERO)),
                    _ => budget.overdraw(budget.take_over_debt(Units::new(u64::MAX))),
                }
                let held: i128 = credits.iter().map(|credit| i128::from(credit.0.load(SeqCst))).sum();
                let used: i128 = taken.iter().map(|units| i128::from(units.get())).sum();
                let free = i128::from(budget.free.load(SeqCst));
                assert_eq!(
                    free + held + used,
                    Units::new(capacity as u64).signed().into(),
                    "{capacity} in round {round}"
                );
            }
        }
    }
}
