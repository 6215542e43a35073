//! The capacity of a field, shared out to its shards.
//!
//! The capacity is the field's, not a shard's. Every entry holds one unit of it, or as many as it weighs. Shards take
//! units in batches while there are plenty, one at a time when they run low; what idle shards hoard is collected before
//! anything is evicted, so no entry is evicted while the field has room. Units that come back when they run low are not
//! hoarded, so they are not collected again and again. The field holds at most its capacity, and one entry more for
//! each thread that is inserting at that moment, or the inserts of a transaction until it has repaid them.
//!
//! Units are spent from a shard's credit and returned to it without waiting. They move between the credits and the
//! common stock under a mutex, and a counter that is odd meanwhile lets others tell, without the mutex, that nothing is
//! left.

use super::units::Units;
use crate::memory::sync::unmodelled::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

// `is_dry` reads three words as of one moment. Sequential consistency throughout gives it that by the total order of
// all these accesses; on x86-64 it costs next to nothing more, as all the writes but the flag's, which is seldom
// written, are read-modify-writes anyway.

/// Units that no shard has.
#[derive(Debug)]
pub(crate) struct Budget {
    capacity: usize,
    /// Below zero: so many units must come back.
    free: AtomicI64,
    /// Whether any credit may hold units.
    hoarded: AtomicBool,
    /// Odd while units are on their way between credits and `free`.
    moves: AtomicU64,
    /// What calls have overdrawn and could not repay.
    unpaid: AtomicU64,
    mover: Mutex<()>,
    /// The most units that a credit is given at once. Zero: no shard has credit.
    batch: Units,
    /// With more units than that in stock, there are plenty.
    plenty: i64,
}

/// The units that a shard holds and does not use yet.
#[derive(Debug, Default)]
pub(crate) struct Credit(AtomicU64);

impl Budget {
    /// The most units that a credit is given at once, where every entry takes one, and where entries have weights: as
    /// many as one entry may have, so that eight times as many and the units of an entry are far from the end of the
    /// numbers.
    const MOST: u64 = 64;
    const MOST_WEIGHED: u64 = 1 << 32;
    /// The most shards that have credit: to collect it is work by their number, under the lock of a shard. Where there
    /// are more, each takes its units from the stock.
    const MOST_CREDITS: usize = 1024;

    /// A capacity above `i64::MAX` is as much as that: no memory holds so many entries, and 2^31 of the heaviest weigh
    /// as much.
    pub(crate) fn new(capacity: usize, shards: usize, weighs: bool) -> Self {
        let most = if weighs { Self::MOST_WEIGHED } else { Self::MOST };
        let has_credit = shards <= Self::MOST_CREDITS;
        let batch = Units::new(if has_credit { ((capacity / shards / 8) as u64).clamp(1, most) } else { 0 });
        Budget {
            capacity,
            free: AtomicI64::new(Units::new(capacity as u64).signed()),
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

    /// Whether entries could take so many units if there were no others.
    pub(crate) fn could_hold(&self, units: Units) -> bool {
        units.get() <= self.capacity as u64
    }

    /// Takes the units of an entry. Returns false if there are not so many left anywhere.
    pub(crate) fn take<'a, I>(&self, credit: &Credit, units: Units, credits: impl Fn() -> I) -> bool
    where
        I: Iterator<Item = &'a Credit>,
    {
        if credit.spend(units) {
            return true;
        }
        while !self.is_dry(units) {
            if self.batch.is_zero() {
                // Nothing is on its way to or from a credit.
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
            if taken {
                return true;
            }
        }
        false
    }

    /// The part of these units that entries must give up, since the stock does not cover it.
    pub(crate) fn lacking(&self, units: Units) -> Units {
        units.minus(Units::new(self.free.load(SeqCst).max(0).unsigned_abs()))
    }

    /// Takes the units of an entry out of those that are held and those that no entry has, if they are enough together.
    pub(crate) fn take_with(&self, held: &mut Held<'_>, units: Units) -> bool {
        let rest = units.minus(held.units).signed();
        if rest > 0 && self.free.try_update(SeqCst, SeqCst, |free| (free >= rest).then(|| free - rest)).is_err() {
            return false;
        }
        held.spend(units);
        true
    }

    /// Takes units that are not there; entries must leave for them.
    pub(crate) fn overdraw(&self, units: Units) {
        self.free.fetch_sub(units.signed(), SeqCst);
    }

    /// Takes over some of what is owed for overdrafts, at most so much: entries are to leave that have it. Where none
    /// can, it is [overdrawn](Budget::overdraw) again.
    fn take_over_debt(&self, most: Units) -> Units {
        let mut taken = Units::ZERO;
        let _ = self.free.try_update(SeqCst, SeqCst, |free| {
            taken = Units::new(free.min(0).unsigned_abs()).min(most);
            (!taken.is_zero()).then(|| free + taken.signed())
        });
        taken
    }

    pub(crate) fn is_overdrawn(&self) -> bool {
        self.free.load(SeqCst) < 0
    }

    /// Returns the units of an entry that is gone.
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

    /// Returns the units of all the entries of a shard.
    pub(crate) fn give_all(&self, units: Units) {
        self.free.fetch_add(units.signed(), SeqCst);
    }

    /// Whether, at one moment, there were not so many in stock, nothing in a credit and nothing on its way.
    fn is_dry(&self, units: Units) -> bool {
        let before = self.moves.load(SeqCst);
        let is_dry = self.free.load(SeqCst) < units.signed() && !self.hoarded.load(SeqCst);
        is_dry && before.is_multiple_of(2) && self.moves.load(SeqCst) == before
    }

    /// Takes units from the stock, and more for the credit where there are plenty.
    fn withdraw(&self, credit: &Credit, units: Units) -> bool {
        let plenty = self.plenty + units.signed() - 1;
        let mut more = Units::ZERO;
        let took = self.free.try_update(SeqCst, SeqCst, |free| {
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

/// Units that a call has taken and no entry has yet. What no entry gets goes back when this is dropped, also when a
/// panic passes.
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

    /// Holds what an entry had that is gone.
    #[inline]
    pub(crate) fn add(&mut self, units: Units) {
        self.units = self.units.plus(units);
    }

    /// Takes units out, for an entry that is stored now or for a debt: so many at most. Returns how many.
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

/// Units that one call owes for entries that were stored without room: what it has overdrawn itself, and what earlier
/// calls could not repay. So each call that has returned has repaid what it overdrew, wherever others are held up. What
/// it can't repay is left to the next one when this is dropped, also when a panic passes.
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

    /// Pays with units of entries that have left. Returns what is still owed.
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
    fn spend(&self, units: Units) -> bool {
        self.0.try_update(SeqCst, SeqCst, |held| held.checked_sub(units.get())).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Credit, Units};
    use std::{cell::Cell, sync::atomic::Ordering::SeqCst};

    /// With however many shards, little credit is collected, also where units come and go in a map that is nearly full.
    #[test]
    fn few_credits_are_collected() {
        const CAPACITY: usize = 1 << 18;
        for shards in [16, 1024, 65_536] {
            let credits: Vec<Credit> = (0..shards).map(|_| Credit::default()).collect();
            let budget = Budget::new(CAPACITY, shards, false);
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

    /// Capacities around every power of two, in one or many credits: what is taken and given back adds up, to the last
    /// unit, and nothing overflows.
    #[test]
    fn units_add_up_whatever_the_capacity() {
        let mut random = 1_u64;
        let mut dice = |below: u64| {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (random >> 32) % below
        };
        for round in 0..2000 {
            let power = u32::try_from(round % 65).expect("a shift");
            let near = 1_u64.checked_shl(power).map_or(u64::MAX, |power| (power - 1).saturating_add(dice(3)));
            let capacity = usize::try_from(near.max(1)).unwrap_or(usize::MAX);
            let credits: Vec<Credit> = (0..1 << dice(5)).map(|_| Credit::default()).collect();
            let weighs = dice(2) == 0;
            let budget = Budget::new(capacity, credits.len(), weighs);
            let heaviest = if weighs { u64::from(u32::MAX) } else { 1 };
            // What entries have.
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
