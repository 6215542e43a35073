//! Units of the capacity for a new entry, and eviction.

use super::locked::Session;
use crate::{
    Policy,
    engine::{
        budget::Held,
        cause::Cause,
        spec::{OfferFor, Spec},
        table::{SEARCHED, StampOf},
        units::{Units, Weight},
    },
    evict::Eviction,
    expiry::Stamp,
};
use std::ptr;

/// Entries that are evicted in one lock hold, for one that weighs as much as many.
const MOST_VICTIMS: usize = 16;

/// Buckets that an insert which needs room looks through for an expired entry, in its own shard.
const LOOKS_FOR_ROOM: usize = 64;

impl<F: Spec> Session<'_, F> {
    /// The weight of the entry on offer.
    #[inline]
    pub(crate) fn weight_of(&self, offer: &OfferFor<F>) -> Weight {
        match (offer.key(), &offer.value) {
            (Some(key), Some(value)) if F::Policy::WEIGHS => self.field.weigh(key, value),
            _ => Weight::ONE,
        }
    }

    /// Whether an entry of this weight could be stored if the map were empty.
    #[inline]
    pub(crate) fn fits(&self, weight: Weight) -> bool {
        !F::Policy::WEIGHS || self.field.budget().is_none_or(|budget| budget.could_hold(weight.units()))
    }

    /// Takes the units of a new entry out of the budget, or evicts entries of this shard for it. If those are not
    /// enough, the budget is overdrawn, and entries of other shards leave after the lock is released; but where some
    /// entries may not be evicted, there may be none to leave, so the entry is refused. If it is not, nothing may run
    /// that could panic until it is stored.
    #[inline]
    pub(super) fn take_units(&mut self, weight: Weight) -> bool {
        // By a constant, so that eviction is compiled only for maps that have a capacity.
        if <F::Policy as Policy>::Eviction::BOUNDED { self.take_bounded_units(weight) } else { true }
    }

    fn take_bounded_units(&mut self, weight: Weight) -> bool {
        let Some(budget) = self.field.budget() else { return true };
        let units = weight.units();
        if !self.take_free_units(units) {
            let mut held = Held::none(budget);
            let lacking = if F::Policy::WEIGHS { budget.lacking(units) } else { units };
            // Where many may have to leave, none does unless there are enough in this shard. With one for one that is
            // known anyway.
            if !(F::Policy::WEIGHS && F::Policy::PINS) || self.survey(SEARCHED, &mut 0, lacking) >= lacking {
                self.make_room(lacking, &mut held, SEARCHED);
            }
            if held.units() < units && !(F::Policy::WEIGHS && budget.take_with(&mut held, units)) {
                if F::Policy::PINS || !<F::Policy as Policy>::Eviction::EVICTS {
                    return false;
                }
                self.overdraw(units.minus(held.units()));
            }
            held.spend(units);
        }
        true
    }

    /// Takes units out of the budget for entries that are to come, or out of entries of this shard that have expired or
    /// may be evicted. Returns how many it has taken, at most so many. The entries whose keys have these addresses
    /// stay.
    pub(crate) fn reserve_units(&mut self, units: Units, kept: &[usize]) -> Units {
        let Some(budget) = self.field.budget() else { return units };
        if self.take_free_units(units) {
            return units;
        }
        let mut held = Held::none(budget);
        let lacking = budget.lacking(units);
        let is_evictable = self.field.is_evictable();
        let may_leave =
            |key: &F::Key, value: &F::Value| !kept.contains(&ptr::from_ref(key).addr()) && is_evictable(key, value);
        if !(F::Policy::WEIGHS && F::Policy::PINS) || self.survey_of(SEARCHED, &mut 0, lacking, may_leave) >= lacking {
            self.make_room_of(lacking, &mut held, SEARCHED, may_leave);
        }
        // What was kept from leaving may leave later.
        self.table.search_again();
        if budget.take_with(&mut held, units) { units } else { held.spend(units) }
    }

    /// What entries of this shard weigh that may leave, see [`Table::survey`](crate::engine::table::Table::survey).
    #[cold]
    pub(crate) fn survey(&mut self, searched: u32, passed: &mut u32, enough: Units) -> Units {
        self.survey_of(searched, passed, enough, self.field.is_evictable())
    }

    fn survey_of(
        &mut self,
        searched: u32,
        passed: &mut u32,
        enough: Units,
        is_evictable: impl Fn(&F::Key, &F::Value) -> bool,
    ) -> Units {
        let (now, idle) = (self.now, self.field.idle());
        self.table.survey::<F::Policy>(searched, passed, enough, |key, value, stamp| {
            (StampOf::<F::Policy>::EXPIRES && stamp.deadline(idle).has_passed(now)) || is_evictable(key, value)
        })
    }

    /// Takes units that no entry has. Returns whether there were so many.
    pub(crate) fn take_free_units(&self, units: Units) -> bool {
        let credits = || self.field.statuses().map(|status| &status.credit);
        self.field.budget().is_none_or(|budget| budget.take(&self.shard.status().credit, units, credits))
    }

    /// Takes units that are not there. This call repays them after it has released the lock.
    #[cold]
    pub(crate) fn overdraw(&mut self, units: Units) {
        if let Some((budget, garbage)) = self.field.budget().zip(self.garbage.as_deref_mut()) {
            budget.overdraw(units);
            garbage.add_overdrawn(units);
        }
    }

    /// As [`overdraw`](Session::overdraw), for a call that shares out who repays them.
    #[cold]
    pub(crate) fn overdraw_for_all(&self, units: Units) {
        if let Some(budget) = self.field.budget() {
            budget.overdraw(units);
        }
    }

    /// Gives back the units of an entry that is gone.
    #[inline]
    pub(super) fn give_units(&self, units: Units) {
        if let Some(budget) = self.field.budget() {
            budget.give(&self.shard.status().credit, units);
        }
    }

    /// Notes that an entry of the shard weighs `after` in place of `before`.
    #[inline]
    pub(super) fn change_weight(&self, before: Weight, after: Weight) {
        if F::Policy::WEIGHS {
            let all = &self.shard.status().meter.weight;
            all.set(Units::new(all.get()).plus(after.units()).minus(before.units()).get());
        }
    }

    /// Takes entries out of this shard until so many units are held: those that have expired first, then victims,
    /// [`MOST_VICTIMS`] at most. If the eviction names no victim that may be evicted, so many slots are searched for
    /// one.
    #[inline]
    pub(crate) fn make_room(&mut self, units: Units, held: &mut Held<'_>, searched: u32) {
        self.make_room_of(units, held, searched, self.field.is_evictable());
    }

    #[inline]
    fn make_room_of(
        &mut self,
        units: Units,
        held: &mut Held<'_>,
        searched: u32,
        is_evictable: impl Fn(&F::Key, &F::Value) -> bool + Copy,
    ) {
        for _ in 0..MOST_VICTIMS {
            if held.units() >= units {
                break;
            }
            let Some(more) = self.evict_one(searched, is_evictable) else { break };
            held.add(more);
        }
    }

    /// Takes out one entry to make room: one that has expired, in this shard or another, or else the victim. Returns
    /// its units, which stay taken.
    fn evict_one(&mut self, searched: u32, is_evictable: impl Fn(&F::Key, &F::Value) -> bool) -> Option<Units> {
        let may_have_expired = StampOf::<F::Policy>::EXPIRES && self.table.may_have_expired(self.now);
        let mut looks = LOOKS_FOR_ROOM;
        if may_have_expired && let Some(units) = self.take_expired(false, &mut looks) {
            return Some(units);
        }
        let victim = self.table.victim::<F::Policy>(is_evictable, searched);
        let is_alive = victim.is_none_or(|victim| self.is_alive(victim));
        // Where entries have expired, the victim mostly is one of them, and it is at hand.
        if may_have_expired
            && is_alive
            && let Some(units) = self.take_expired(true, &mut looks)
        {
            return Some(units);
        }
        if StampOf::<F::Policy>::EXPIRES
            && is_alive
            && self.field.expired_shards().may_be(self.now)
            && let Some(garbage) = self.garbage.as_deref_mut()
            && let Some(units) = self.field.take_expired_elsewhere(self.now, garbage)
        {
            return Some(units);
        }
        let victim = victim?;
        let hash = self.table.hash_of(victim, |key| self.field.hash_of(key))?;
        self.table.evicted(victim, hash);
        self.depart(victim, Some(hash), if is_alive { Cause::Evicted } else { Cause::Expired }, None)
    }
}
