//! The changes of a transaction.
//!
//! A transaction changes several shards, all of which are locked. What may fail or run user code comes before the first
//! change: the key is found and cloned, the entry is weighed, units and memory are reserved, loads are overtaken. The
//! changes themselves run no user code, except that of an eviction of one's own.

use super::locked::{STEPS_PER_WRITE, Session};
use crate::{
    Policy,
    clock::Nanos,
    engine::{
        cause::Cause,
        spec::{OfferFor, Spec, TableFor},
        table::{BucketNo, Entry, Slot},
        units::{Units, Weight},
    },
    hasher::KeyHash,
};
use std::{borrow::Borrow, mem};

impl<F: Spec> Session<'_, F> {
    /// Brings the table as near to the size that it should have with so many more entries as so many inserts would.
    /// Returns whether entries may have moved.
    ///
    /// # Panics
    ///
    /// Without any memory, as an insert does.
    #[inline]
    pub(crate) fn grow_for(&mut self, inserts: u32) -> bool {
        if self.table.begin(self.shard.view()).is_err() {
            self.refuse_for_memory();
        }
        let is_due = self.table.needs_step_for(inserts as usize);
        if is_due {
            self.grow_ahead(inserts as usize);
        }
        is_due
    }

    #[cold]
    fn grow_ahead(&mut self, inserts: usize) {
        /// Takes back the entries that are still to come, also when a panic passes.
        struct Expected<'a, F: Spec>(&'a mut TableFor<F>, usize);
        impl<F: Spec> Drop for Expected<'_, F> {
            fn drop(&mut self) {
                self.0.unexpect(self.1);
            }
        }
        self.table.expect(inserts);
        let expected = Expected::<F>(self.table, inserts);
        // Without memory to grow the table is just fuller.
        let _ = self.field.step(self.shard.view(), expected.0, STEPS_PER_WRITE * inserts, self.now);
    }

    /// Makes sure that the table has memory for so many inserts, one of which is that of this hash. See
    /// [`Table::reserve`](crate::engine::table::Table::reserve).
    ///
    /// # Panics
    ///
    /// Without memory, as an insert does.
    #[inline]
    pub(crate) fn reserve_memory(&mut self, hash: KeyHash, inserts: u32, from: &mut Option<BucketNo>) {
        if self.table.reserve(hash, inserts, from, self.shard.view()).is_err() {
            self.refuse_for_memory();
        }
    }

    /// What is being loaded for a key that is going to be stored, changed or taken out is not stored. The slot is that
    /// of its entry, if there is one.
    #[inline]
    pub(crate) fn overtake_staged<Q>(&self, hash: KeyHash, key: &Q, slot: Option<Slot>)
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        match slot {
            Some(slot) => self.overtake_refresh(slot),
            None => self.overtake(hash, key),
        }
    }

    /// Stores the value on offer, of this weight, in place of that of an occupied slot. The old value is then on offer,
    /// or, if there is a key on offer as well, it leaves as replaced.
    #[inline]
    pub(crate) fn replace_staged(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        weight: Weight,
        ttl: Option<Nanos>,
    ) {
        if let Some(value) = &mut offer.value {
            self.replace_weighed(slot, hash, value, weight, ttl);
        }
        if offer.key().is_some() {
            self.depart_offered(offer, Cause::Replaced);
        }
    }

    /// Exchanges the value of an occupied slot for a changed copy of it, of this weight, as a change in place.
    #[inline]
    pub(crate) fn exchange_staged(&mut self, slot: Slot, hash: KeyHash, copy: &mut F::Value, weight: Weight) {
        self.table.change(slot, |_, value| mem::swap(value, copy));
        self.reweighed(slot, hash.low(), weight);
    }

    /// Whether a write has work to do for other entries.
    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        self.table.is_due(self.now) || self.table.needs_step()
    }

    /// The entry of a slot.
    pub(crate) fn entry(&self, slot: Slot) -> Option<Entry<'_, F::Key, F::Value, F::Policy>> {
        self.table.get(slot)
    }

    /// Stores the entry on offer, of this weight, whose key is not there, and for which there are units and memory.
    ///
    /// # Panics
    ///
    /// If there is no memory all the same.
    #[inline]
    pub(crate) fn insert_staged(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, weight: Weight, ttl: Option<Nanos>) {
        self.table.missed(hash);
        if self.insert_with_units(hash, offer, weight, ttl).is_none() {
            self.refuse_for_memory();
        }
    }

    /// Removes the entry of an occupied slot, and returns the units that it had, which stay taken.
    #[inline]
    pub(crate) fn remove_staged(&mut self, slot: Slot, hash: KeyHash, cause: Cause) -> Units {
        self.depart(slot, Some(hash.low()), cause, None).unwrap_or(Units::ZERO)
    }

    /// The units of the entry of a slot.
    #[inline]
    pub(crate) fn units_of(&self, slot: Slot) -> Units {
        self.table.weight::<F::Policy>(slot).units()
    }

    /// What an entry would weigh. `None` if it is heavier than the whole capacity.
    #[inline]
    pub(crate) fn weigh_staged(&self, key: &F::Key, value: &F::Value) -> Option<Weight> {
        if !F::Policy::WEIGHS {
            return Some(Weight::ONE);
        }
        let weight = self.field.weigh(key, value);
        self.fits(weight).then_some(weight)
    }
}
