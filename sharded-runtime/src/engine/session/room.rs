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

/// The most entries that are evicted during one lock hold, for a heavy one.
const MOST_VICTIMS: usize = 16;

/// The most buckets of its own shard that an insert which needs room scans for an expired entry.
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

    /// Takes the units of a new entry from the budget, or evicts entries of this shard for them. If those are not
    /// enough, overdraws the budget, and entries of other shards are evicted after the lock is released. But if some
    /// entries may not be evicted, there may be none to evict, so the new entry is refused: returns `false`. After
    /// `true`, nothing may panic until the entry is stored.
    #[inline]
    pub(super) fn take_units(&mut self, weight: Weight) -> bool {
        // A constant, so that eviction is compiled only for maps with a capacity.
        if <F::Policy as Policy>::Eviction::BOUNDED { self.take_bounded_units(weight) } else { true }
    }

    fn take_bounded_units(&mut self, weight: Weight) -> bool {
        let Some(budget) = self.field.budget() else { return true };
        let units = weight.units();
        if !self.take_free_units(units) {
            let mut held = Held::none(budget);
            let lacking = if F::Policy::WEIGHS { budget.lacking(units) } else { units };
            // If several entries may have to leave, none leaves unless this shard has enough of them. A single one
            // needs no survey.
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

    /// Takes units for entries that will be stored, from the budget, or from entries of this shard that have expired or
    /// may be evicted. Keeps the entries whose keys have the addresses `kept`. Evicts only if `may_evict`.
    /// Returns how many units it has taken, at most `units`.
    pub(crate) fn reserve_units(&mut self, units: Units, kept: &[usize], may_evict: bool) -> Units {
        let Some(budget) = self.field.budget() else { return units };
        if self.take_free_units(units) {
            return units;
        }
        let mut held = Held::none(budget);
        let lacking = budget.lacking(units);
        if may_evict {
            let is_evictable = self.field.is_evictable();
            let may_leave =
                |key: &F::Key, value: &F::Value| !kept.contains(&ptr::from_ref(key).addr()) && is_evictable(key, value);
            self.make_room_of(lacking, &mut held, SEARCHED, may_leave);
            // The kept entries may be evicted later.
            self.table.search_again();
        }
        if budget.take_with(&mut held, units) { units } else { held.spend(units) }
    }

    /// The units of so many that are neither free nor held.
    pub(crate) fn lacking(&self, units: Units) -> Units {
        self.field.budget().map_or(Units::ZERO, |budget| budget.lacking(units))
    }

    /// As [`survey`](Session::survey), without the entries whose keys have these addresses.
    #[cold]
    pub(crate) fn survey_staged(&mut self, enough: Units, kept: &[usize]) -> Units {
        let units = self.survey_of(SEARCHED, &mut 0, enough, kept);
        // The kept entries may be evicted later.
        self.table.search_again();
        units
    }

    /// The units of entries of this shard that may leave, see [`Table::survey`](crate::engine::table::Table::survey).
    #[cold]
    pub(crate) fn survey(&mut self, searched: u32, passed: &mut u32, enough: Units) -> Units {
        self.survey_of(searched, passed, enough, &[])
    }

    fn survey_of(&mut self, searched: u32, passed: &mut u32, enough: Units, kept: &[usize]) -> Units {
        let (now, idle, is_evictable) = (self.now, self.field.idle(), self.field.is_evictable());
        self.table.survey::<F::Policy>(searched, passed, enough, |key, value, stamp| {
            !kept.contains(&ptr::from_ref(key).addr())
                && ((StampOf::<F::Policy>::EXPIRES && stamp.deadline(idle).has_passed(now)) || is_evictable(key, value))
        })
    }

    /// Takes units that no entry has. Returns `false` if there are too few.
    pub(crate) fn take_free_units(&self, units: Units) -> bool {
        let credits = || self.field.statuses().map(|status| &status.credit);
        self.field.budget().is_none_or(|budget| budget.take(&self.shard.status().credit, units, credits))
    }

    /// Overdraws the budget. This call repays the units after it has released the lock.
    #[cold]
    pub(crate) fn overdraw(&mut self, units: Units) {
        if let Some((budget, garbage)) = self.field.budget().zip(self.garbage.as_deref_mut()) {
            budget.overdraw(units);
            garbage.add_overdrawn(units);
        }
    }

    /// As [`overdraw`](Session::overdraw), for a call that arranges the repayment itself.
    #[cold]
    pub(crate) fn overdraw_for_all(&self, units: Units) {
        if let Some(budget) = self.field.budget() {
            budget.overdraw(units);
        }
    }

    /// Gives back the units of a removed entry.
    #[inline]
    pub(super) fn give_units(&self, units: Units) {
        if let Some(budget) = self.field.budget() {
            budget.give(&self.shard.status().credit, units);
        }
    }

    /// Updates the weight of the shard, where an entry now weighs `after` instead of `before`.
    #[inline]
    pub(super) fn change_weight(&self, before: Weight, after: Weight) {
        if F::Policy::WEIGHS {
            let all = &self.shard.status().meter.weight;
            all.set(Units::new(all.get()).plus(after.units()).minus(before.units()).get());
        }
    }

    /// Removes entries of this shard until `units` units are held: expired ones first, then victims, at most
    /// [`MOST_VICTIMS`]. If the eviction names no victim that may be evicted, `searched` entries are searched for one.
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

    /// Removes one entry to make room: an expired one, of this shard or another, or else the victim. Returns its units,
    /// which stay taken.
    fn evict_one(&mut self, searched: u32, is_evictable: impl Fn(&F::Key, &F::Value) -> bool) -> Option<Units> {
        let may_have_expired = StampOf::<F::Policy>::EXPIRES && self.table.schedule().may_have_expired(self.now);
        let mut looks = LOOKS_FOR_ROOM;
        if may_have_expired && let Some(units) = self.take_expired(false, &mut looks) {
            return Some(units);
        }
        let victim = self.table.victim::<F::Policy>(is_evictable, searched);
        let is_alive = victim.is_none_or(|victim| self.is_alive(victim));
        // If entries have expired, the victim is mostly one of them, and no search is needed.
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
