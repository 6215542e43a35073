//! How much of the capacity each entry takes: one unit, or what it weighs.

use super::session::Session;
use crate::{Policy, contain::contain, engine::budget::Held, engine::table::SEARCHED, evict::Eviction};
use std::mem;

/// Entries that are evicted in one lock hold, for one that weighs as much as many.
const MOST_VICTIMS: usize = 16;

impl<K, V, P: Policy, S> Session<'_, K, V, P, S> {
    /// Whether an entry of so many units could be stored if the map were empty.
    pub(crate) fn fits(&self, units: u32) -> bool {
        !P::WEIGHS || self.core.budget.as_ref().is_none_or(|budget| u64::from(units) <= budget.capacity() as u64)
    }

    /// What the entry of an occupied slot weighs now, or would with this value in place of its own.
    pub(crate) fn weigh(&self, slot: u32, instead: Option<&V>) -> u32 {
        if !P::WEIGHS {
            return 1;
        }
        let weigh = |key, value| self.core.rules.units::<P>(key, value);
        self.table.get(slot).map_or(0, |entry| weigh(entry.key(), instead.unwrap_or_else(|| entry.value())))
    }

    /// Takes the units of a new entry out of the budget, or makes room for it. Where there is none here, they may be overdrawn: entries of
    /// other shards are to leave for it. Says whether the entry may be stored; until it is, nothing may run that could panic.
    #[inline]
    pub(crate) fn take_units(&mut self, units: u32, overdraws: bool) -> bool {
        // By a constant, so that what evicts is compiled only for maps that have a capacity.
        if P::Eviction::BOUNDED { self.take_bounded_units(units, overdraws) } else { true }
    }

    fn take_bounded_units(&mut self, units: u32, overdraws: bool) -> bool {
        let Some(budget) = &self.core.budget else { return true };
        let units = units.into();
        if !budget
            .take(&self.extras.status().credit, units, || self.core.shards.statuses().map(|status| &status.credit))
        {
            let mut held = Held::none(budget);
            self.make_room(units, &mut held, SEARCHED);
            if held.units() < units {
                if !overdraws || !P::Eviction::EVICTS {
                    return false;
                }
                budget.overdraw(units - held.units());
            }
            held.spend(units);
        }
        true
    }

    /// Gives back what an entry had that is gone.
    pub(crate) fn give_units(&self, units: u64) {
        if let Some(budget) = &self.core.budget {
            budget.give(&self.extras.status().credit, units);
        }
    }

    /// Takes entries out of this shard until so many units are held: those that have expired first, then victims, [`MOST_VICTIMS`] at most. Says
    /// whether any has left.
    #[inline]
    pub(crate) fn make_room(&mut self, units: u64, held: &mut Held<'_>, searched: u32) -> bool {
        let mut any = false;
        for _ in 0..MOST_VICTIMS {
            if held.units() >= units {
                break;
            }
            let Some(more) = self.evict_one(searched) else { break };
            held.add(more);
            any = true;
        }
        any
    }

    /// Lends the value of a slot for changing, and weighs it anew, also when the closure panics. The hash of its key may be known.
    pub(crate) fn change_weighed<R>(
        &mut self,
        slot: u32,
        hash: Option<u64>,
        change: impl FnOnce(&K, &mut V) -> R,
    ) -> Option<R> {
        self.overtake_refresh(slot);
        if !P::WEIGHS {
            return self.table.change(slot, change);
        }
        // Asked before the change: whatever becomes of the value, it can be taken out then without running the key's `Hash`.
        let hash = match hash {
            Some(hash) => hash,
            None => self.table.hash_of(slot, |key| self.core.hash_of(key))?,
        };
        let reweigh = Reweigh { session: self, slot, hash };
        let changed = reweigh.session.table.change(slot, change)?;
        let weight = reweigh.session.weigh(slot, None);
        reweigh.finish(weight);
        Some(changed)
    }

    /// Notes what the entry of an occupied slot, whose key has this hash, weighs now.
    pub(crate) fn reweighed(&mut self, slot: u32, hash: u64, weight: u32) {
        if !P::WEIGHS {
            return;
        }
        let (before, after) = (self.table.weight::<P>(slot), weight);
        self.table.set_weight::<P>(slot, after);
        self.add_weight(i64::from(after) - i64::from(before));
        if let Some(budget) = &self.core.budget {
            match after.checked_sub(before).map(u64::from) {
                Some(more)
                    if budget.take(&self.extras.status().credit, more, || {
                        self.core.shards.statuses().map(|status| &status.credit)
                    }) => {}
                Some(more) => budget.overdraw(more),
                None => budget.give(&self.extras.status().credit, (before - after).into()),
            }
            if !self.fits(after) {
                self.heavy = Some((slot, hash));
            }
        }
    }

    /// Evicts an entry that has become heavier than the whole capacity, if it still is.
    #[inline]
    pub(crate) fn drop_heavy(&mut self) {
        if P::WEIGHS {
            self.evict_heavy();
        }
    }

    fn evict_heavy(&mut self) {
        if let Some((slot, hash)) = self.heavy.take()
            && self.table.get(slot).is_some()
            && !self.fits(self.table.weight::<P>(slot))
        {
            self.evict(slot, hash);
        }
    }

    /// Counts what the shard's entries weigh.
    pub(crate) fn add_weight(&self, more: i64) {
        if P::WEIGHS {
            let weight = &self.extras.status().meter.weight;
            weight.set(weight.get().wrapping_add_signed(more));
        }
    }
}

/// An entry whose value is lent for changing. If that panics, or the weigher does, the entry is weighed when this is dropped; where it can't be, it
/// leaves, since nobody knows how much of the capacity it takes.
struct Reweigh<'l, 'a, K, V, P: Policy, S> {
    session: &'l mut Session<'a, K, V, P, S>,
    slot: u32,
    hash: u64,
}

impl<K, V, P: Policy, S> Reweigh<'_, '_, K, V, P, S> {
    fn finish(self, weight: u32) {
        let Reweigh { slot, hash, .. } = self;
        self.session.reweighed(slot, hash, weight);
        mem::forget(self);
    }
}

impl<K, V, P: Policy, S> Drop for Reweigh<'_, '_, K, V, P, S> {
    #[cold]
    fn drop(&mut self) {
        let Reweigh { ref mut session, slot, hash } = *self;
        if session.table.get(slot).is_none() {
            return;
        }
        match contain(|| session.weigh(slot, None)) {
            Some(weight) => {
                session.reweighed(slot, hash, weight);
                // The panic ends the call, which would have done it at its end.
                session.drop_heavy();
            }
            None => session.evict(slot, hash),
        }
    }
}
