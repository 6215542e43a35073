//! How much of the capacity each entry takes: one unit, or what it weighs.

use super::locked::Locked;
use crate::{
    Policy,
    builder::{Evictable, FieldOptions, Weigher},
    evict::Eviction,
};

/// Entries that are evicted in one lock hold, for one that weighs as much as many.
const MOST_VICTIMS: usize = 16;

/// What functions of the user's say of entries.
pub(super) struct Rules<K, V> {
    weigh: Weigher<K, V>,
    pub(super) is_evictable: Evictable<K, V>,
}

impl<K: 'static, V: 'static> Rules<K, V> {
    /// # Panics
    ///
    /// If the options lack a function that the policy asks for, or have one that is for other types or that it does not ask for.
    pub(super) fn new<P: Policy>(options: &FieldOptions<P>) -> Self {
        fn function<F: Copy + 'static>(
            given: Option<&(dyn std::any::Any + Send + Sync)>,
            (is_wanted, otherwise): (bool, F),
            (what, of): (&str, &str),
        ) -> F {
            match given {
                None if !is_wanted => otherwise,
                None => panic!("the policy of `{of}` asks for a {what}, and its options have none"),
                Some(_) if !is_wanted => {
                    panic!("the options of `{of}` have a {what}, which its policy does not ask for")
                }
                Some(given) => {
                    *given.downcast_ref().unwrap_or_else(|| panic!("the {what} of `{of}` is for other types"))
                }
            }
        }
        let one: Weigher<K, V> = |_, _| 1;
        let always: Evictable<K, V> = |_, _| true;
        Rules {
            weigh: function(options.weigher.as_deref(), (P::WEIGHS, one), ("weigher", P::NAME)),
            is_evictable: function(
                options.evictable.as_deref(),
                (P::PINS, always),
                ("function for `evictable`", P::NAME),
            ),
        }
    }
}

impl<K, V> Rules<K, V> {
    /// The units that an entry takes.
    #[inline]
    pub(super) fn units<P: Policy>(&self, key: &K, value: &V) -> u64 {
        if P::WEIGHS { u64::from((self.weigh)(key, value)) } else { 1 }
    }
}

impl<K, V, P: Policy, S> Locked<'_, K, V, P, S> {
    /// Whether an entry of so many units could be stored if the map were empty.
    pub(super) fn fits(&self, units: u64) -> bool {
        !P::WEIGHS || self.core.budget.as_ref().is_none_or(|budget| units <= budget.capacity() as u64)
    }

    /// The units of the entry of a slot.
    fn units(&self, slot: u32) -> u64 {
        match self.table.get(slot) {
            Some(entry) if P::WEIGHS => self.core.rules.units::<P>(entry.key(), entry.value()),
            _ => 1,
        }
    }

    /// Takes the units of a new entry out of the budget, or makes room for it. Where there is none here, they may be overdrawn: entries of
    /// other shards are to leave for it. Says whether the entry may be stored.
    pub(super) fn take_units(&mut self, units: u64, overdraws: bool) -> bool {
        let Some(budget) = &self.core.budget else { return true };
        if !budget.take(&self.open.purse, units, || self.core.shards.all_open().map(|open| &open.purse)) {
            let made = self.make_room(units);
            if made < units && !(overdraws && P::Eviction::EVICTS) {
                budget.give_all(made);
                return false;
            }
            match made.checked_sub(units) {
                Some(more) => budget.give_all(more),
                None => budget.overdraw(units - made),
            }
        }
        true
    }

    /// Gives back what an entry had that is gone.
    pub(super) fn give_units(&self, units: u64) {
        if let Some(budget) = &self.core.budget {
            budget.give(&self.open.purse, units);
        }
    }

    /// Takes entries out of this shard for one that comes in: those that have expired first, then victims, so many at most. Answers the units
    /// that they had.
    pub(super) fn make_room(&mut self, units: u64) -> u64 {
        let mut made = 0;
        for _ in 0..MOST_VICTIMS {
            if made >= units.max(1) {
                break;
            }
            match self.evict_one() {
                Some(more) => made += more,
                None => break,
            }
        }
        made
    }

    /// Lends the value of a slot for changing, and counts anew what it weighs.
    pub(super) fn change_weighed<R>(&mut self, slot: u32, change: impl FnOnce(&K, &mut V) -> R) -> Option<R> {
        self.overtake_refresh(slot);
        if !P::WEIGHS {
            return self.table.change(slot, change);
        }
        let before = self.units(slot);
        let changed = self.table.change(slot, change)?;
        let after = self.units(slot);
        self.add_weight(after.cast_signed() - before.cast_signed());
        if let Some(budget) = &self.core.budget {
            match after.checked_sub(before) {
                Some(more)
                    if budget.take(&self.open.purse, more, || self.core.shards.all_open().map(|open| &open.purse)) => {}
                Some(more) => budget.overdraw(more),
                None => budget.give(&self.open.purse, before - after),
            }
            if !self.fits(after) {
                self.heavy = Some(slot);
            }
        }
        Some(changed)
    }

    /// Evicts an entry that has become heavier than the whole capacity.
    pub(super) fn drop_heavy(&mut self) {
        if let Some(slot) =
            self.heavy.take().filter(|&slot| self.table.get(slot).is_some() && !self.fits(self.units(slot)))
        {
            self.evict(slot);
        }
    }

    /// Counts what the shard's entries weigh.
    pub(super) fn add_weight(&self, more: i64) {
        if P::WEIGHS {
            let weight = &self.open.meter.weight;
            weight.set(weight.get().wrapping_add_signed(more));
        }
    }
}
