//! Changing values in place, and updating their weights.

use super::locked::Session;
use crate::{
    Policy,
    contain::contain,
    engine::{
        cause::Cause,
        index::{UnfinishedIn, follow_all},
        spec::{OfferFor, Spec},
        table::Slot,
        units::Weight,
    },
    hasher::{KeyHash, LowHash},
};
use std::{borrow::Borrow, mem};

impl<F: Spec> Session<'_, F> {
    /// Calls the closure with the live value of a key, as an access. Returns the closure if there is no live entry.
    #[inline]
    pub(crate) fn change_if_present<Q, C, R>(&mut self, hash: KeyHash, key: &Q, change: C) -> Result<R, C>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
        C: FnOnce(&mut F::Value) -> R,
    {
        if Self::IS_PLAIN {
            let changed = self.table.find_change(hash, key, change);
            match changed {
                Ok(_) => self.shard.counts().hits.add(),
                Err(_) => self.shard.counts().misses.add(),
            }
            return changed;
        }
        if Self::IS_STEADY {
            return self.change_followed(hash, key, change);
        }
        match self.access(hash, key) {
            Some(slot) => Ok(self.change_found(slot, hash.low(), change)),
            None => Err(change),
        }
    }

    /// As [`change_if_present`](Session::change_if_present), in a map of which only the table and the indexes keep data
    /// about entries. It searches once.
    #[inline]
    fn change_followed<Q, C, R>(&mut self, hash: KeyHash, key: &Q, change: C) -> Result<R, C>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
        C: FnOnce(&mut F::Value) -> R,
    {
        let (indexes, counts) = (self.field.indexes(), self.shard.counts());
        let mut lent = Lent { session: self.reborrow(), slot: None, hash: hash.low() };
        let Some(mut entry) = lent.session.table.find_mut(hash, key) else {
            counts.misses.add();
            return Err(change);
        };
        counts.hits.add();
        lent.slot = Some(entry.slot());
        let (mut change, mut changed) = (Some(change), None);
        let missing = entry.change(|key, value| {
            let mut change = |value: &mut F::Value| changed = change.take().map(|change| change(value));
            follow_all(indexes, (key, hash.low()), value, &mut change)
        });
        if let Some(missing) = missing {
            lent = lent.settle(missing);
        }
        mem::forget(lent);
        Ok(changed.expect("each index has the change made"))
    }

    /// As [`change_if_present`](Session::change_if_present), for the key on offer.
    #[inline]
    pub(crate) fn change_offered<C, R>(&mut self, hash: KeyHash, offer: &OfferFor<F>, change: C) -> Result<R, C>
    where
        F::Key: Eq,
        C: FnOnce(&mut F::Value) -> R,
    {
        match offer.key() {
            Some(key) => self.change_if_present(hash, key, change),
            None => Err(change),
        }
    }

    /// Calls the closure with the value of a slot, whose key has this hash.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    #[inline]
    pub(crate) fn change_found<R>(&mut self, slot: Slot, hash: LowHash, change: impl FnOnce(&mut F::Value) -> R) -> R {
        self.change(slot, Some(hash), |_, value| change(value)).expect("a slot that was just found")
    }

    /// Calls the closure with the entry of a slot, and then updates its weight, also on a panic. `hash` is the hash of
    /// its key, if known.
    ///
    /// # Panics
    ///
    /// If another entry has an index key of the changed value that must be unique. The changed entry is then evicted.
    pub(crate) fn change<R>(
        &mut self,
        slot: Slot,
        hash: Option<LowHash>,
        change: impl FnOnce(&F::Key, &mut F::Value) -> R,
    ) -> Option<R> {
        self.overtake_refresh(slot);
        if !F::Policy::WEIGHS && !F::Policy::INDEXED {
            return self.table.change_apart(slot, self.shard.view(), change);
        }
        // The hash is computed before the change, so that removing the entry afterwards runs no `Hash` of the key.
        let hash = match hash {
            Some(hash) => hash,
            None => self.table.hash_of(slot, |key| self.field.hash_of(key))?,
        };
        let (field, view) = (self.field, self.shard.view());
        let mut lent = Lent { session: self.reborrow(), slot: Some(slot), hash };
        let changed = if F::Policy::INDEXED {
            let (mut change, mut changed) = (Some(change), None);
            let missing = lent.session.table.change(slot, |key, value| {
                let mut change = |value: &mut F::Value| changed = change.take().map(|change| change(key, value));
                follow_all(field.indexes(), (key, hash), value, &mut change)
            })?;
            if let Some(missing) = missing {
                lent = lent.settle(missing);
            }
            changed?
        } else {
            lent.session.table.change_apart(slot, view, change)?
        };
        let weight = lent.session.weigh(slot, None);
        mem::forget(lent);
        self.reweighed(slot, hash, weight);
        Some(changed)
    }

    /// The weight of the entry of an occupied slot, or its weight with the value `instead`.
    #[inline]
    pub(super) fn weigh(&self, slot: Slot, instead: Option<&F::Value>) -> Weight {
        if !F::Policy::WEIGHS {
            return Weight::ONE;
        }
        let weigh = |key, value| self.field.weigh(key, value);
        self.table.get(slot).map_or(Weight::ZERO, |entry| weigh(entry.key(), instead.unwrap_or_else(|| entry.value())))
    }

    /// Updates the weight of the entry of an occupied slot, whose key has this hash.
    #[inline]
    pub(super) fn reweighed(&mut self, slot: Slot, hash: LowHash, after: Weight) {
        if !F::Policy::WEIGHS {
            return;
        }
        let before = self.table.weight::<F::Policy>(slot);
        // Where entries are shared, the changed one has replaced the one that weighs so much.
        self.note_retired_units(before.units());
        self.table.set_weight::<F::Policy>(slot, after);
        self.change_weight(before, after);
        if self.field.budget().is_none() {
            return;
        }
        let (before, units) = (before.units(), after.units());
        if units < before {
            self.give_units(before.minus(units));
        } else if !self.take_free_units(units.minus(before)) {
            self.overdraw(units.minus(before));
        }
        if !self.fits(after) {
            self.heavy = Some((slot, hash));
        }
    }

    /// Evicts the entry that has become heavier than the whole capacity, if there is one and it still is.
    #[inline]
    pub(crate) fn evict_heavy(&mut self) {
        if F::Policy::WEIGHS
            && let Some((slot, hash)) = self.heavy.take()
            && self.table.get(slot).is_some()
            && !self.fits(self.table.weight::<F::Policy>(slot))
        {
            self.remove(slot, Some(hash), Cause::Evicted);
        }
    }
}

/// An entry that a closure changes. If user code panics, the entry is indexed and weighed when this is dropped. If that
/// fails, it is evicted, since its index keys or its weight are unknown.
struct Lent<'s, F: Spec> {
    session: Session<'s, F>,
    /// `None` before the entry is found.
    slot: Option<Slot>,
    hash: LowHash,
}

impl<F: Spec> Lent<'_, F> {
    /// Enters the index keys of the entry in indexes where they are held. If one is taken, evicts the entry and panics.
    #[cold]
    fn settle(mut self, missing: UnfinishedIn<'_, F::Key>) -> Self {
        if let Some(slot) = self.slot
            && let Some(taken) = self.session.claim_held(slot, self.hash, missing)
        {
            self.slot = None;
            self.session.remove(slot, Some(self.hash), Cause::Evicted);
            taken.refuse();
        }
        self
    }
}

impl<F: Spec> Drop for Lent<'_, F> {
    /// Inlined, and takes the lent session apart: so its fields stay in registers while nothing has panicked.
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            self.session.reborrow().recover(slot, self.hash);
        }
    }
}

impl<F: Spec> Session<'_, F> {
    /// Indexes and weighs the entry of a slot after user code that changed it has panicked, or evicts it.
    #[cold]
    #[inline(never)]
    fn recover(mut self, slot: Slot, hash: LowHash) {
        if self.table.get(slot).is_none() {
            return;
        }
        let is_indexed = !F::Policy::INDEXED || contain(|| self.claim_after_panic(slot, hash).is_none()) == Some(true);
        match is_indexed.then(|| contain(|| self.weigh(slot, None))).flatten() {
            Some(weight) => {
                self.reweighed(slot, hash, weight);
                // The call would do this at its end, but the panic ends it here.
                self.evict_heavy();
            }
            None => self.remove(slot, Some(hash), Cause::Evicted),
        }
    }
}
