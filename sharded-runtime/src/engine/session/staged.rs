//! The changes of a transaction.
//!
//! A transaction changes several shards, which are all locked. All that may fail or run user code comes before the
//! first change: keys are found and cloned, entries are weighed, units and memory are reserved, loads are overtaken.
//! The changes themselves run no user code, except a user's own eviction.

use super::locked::{STEPS_PER_WRITE, Session};
use crate::{
    Policy,
    clock::Nanos,
    engine::{
        cause::Cause,
        index::{Entrant, Index, TransactionId},
        spec::{OfferFor, Spec, TableFor},
        table::{BucketNo, Entry, Slot},
        units::{Units, Weight},
    },
    hasher::{KeyHash, LowHash},
};
use std::{borrow::Borrow, mem};

impl<F: Spec> Session<'_, F> {
    /// Does the growth steps that this many inserts would do. Returns whether entries may have moved.
    ///
    /// # Panics
    ///
    /// If the table has no memory and gets none, as an insert does.
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
        /// Takes back the expected entries, also on a panic.
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

    /// Reserves memory of the table for this many inserts, one of which has this hash. See
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

    /// Makes a load of this key discard its value, since the key will be stored, changed or removed. `slot` is the slot
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

    /// Replaces the value of an occupied slot by the one on offer, which has this weight. The old value is then on
    /// offer, or leaves as replaced if a key is on offer, too.
    #[inline]
    pub(crate) fn replace_staged(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        weight: Weight,
        ttl: Option<Nanos>,
    ) {
        if Self::SHARES {
            return self.supplant_staged(slot, hash, offer, weight, ttl);
        }
        if let Some(value) = &mut offer.value {
            self.replace_weighed(slot, hash, value, weight, ttl);
        }
        if offer.key().is_some() {
            self.depart_offered(offer, Cause::Replaced);
        }
    }

    /// Exchanges the value of an occupied slot for the changed copy on offer, which has this weight. It counts as a
    /// change in place.
    #[inline]
    pub(crate) fn exchange_staged(&mut self, slot: Slot, hash: KeyHash, offer: &mut OfferFor<F>, weight: Weight) {
        if Self::SHARES {
            if self.table.supplant(slot, offer) {
                self.reweighed(slot, hash.low(), weight);
            }
        } else if let Some(copy) = &mut offer.value {
            self.table.change(slot, |_, value| mem::swap(value, copy));
            self.reweighed(slot, hash.low(), weight);
        }
    }

    /// As [`replace_staged`](Session::replace_staged), of an entry that readers may hold. The key is replaced, too. A
    /// listener gets a copy.
    fn supplant_staged(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        weight: Weight,
        ttl: Option<Nanos>,
    ) {
        let replaced = self.copy_for_listener_if_possible(slot);
        if !self.table.supplant(slot, offer) {
            return;
        }
        self.count_insert();
        self.table.hit_mut(slot);
        self.restart(slot, hash, ttl);
        self.reweighed(slot, hash.low(), weight);
        if let Some(((key, value), listener)) = replaced.zip(self.field.listener())
            && let Some(garbage) = self.garbage.as_deref_mut()
        {
            garbage.tell(key, value, Cause::Replaced, listener);
        }
    }

    /// Notes which index keys the entry of a slot is going to give up, for the value on offer or because it leaves.
    pub(crate) fn give_up(&self, slot: Slot, hash: LowHash, offer: &OfferFor<F>, by: TransactionId) {
        self.each_index(slot, hash, |index, old| index.give_up(old, offer.value.as_ref(), by));
    }

    /// Undoes [`give_up`](Session::give_up). If code of the user panics again, the entry is evicted, since a lookup
    /// might miss it.
    pub(crate) fn keep(&mut self, slot: Slot, hash: LowHash, offer: &OfferFor<F>) {
        let mut is_kept = true;
        self.each_index(slot, hash, |index, old| is_kept &= index.keep(old, offer.value.as_ref()));
        if !is_kept {
            self.remove(slot, Some(hash), Cause::Evicted);
        }
    }

    /// Removes the index keys of the entry of a slot that the value on offer does not have.
    pub(crate) fn release_staged(&self, slot: Slot, hash: LowHash, offer: &OfferFor<F>) {
        if F::Policy::INDEXED {
            self.each_index(slot, hash, |index, old| index.release(old, offer.value.as_ref()));
        }
    }

    /// Enters the index keys of the value on offer, for the entry of a slot or a new one. If one is taken, returns the
    /// name of the index, and none is entered.
    pub(crate) fn claim_staged(
        &mut self,
        slot: Option<Slot>,
        hash: LowHash,
        offer: &OfferFor<F>,
        by: TransactionId,
    ) -> Option<&'static str> {
        self.claim(slot, hash, offer, by).err().map(|taken| taken.index)
    }

    /// Undoes [`claim_staged`](Session::claim_staged), after all entries of the transaction have
    /// [kept](Session::keep) their index keys.
    pub(crate) fn unclaim_staged(&self, slot: Option<Slot>, hash: LowHash, offer: &OfferFor<F>) {
        if let Some((new, old)) = self.entrant(slot, hash, offer) {
            for index in self.field.indexes() {
                index.release(new, old);
            }
        }
    }

    fn each_index(
        &self,
        slot: Slot,
        hash: LowHash,
        mut each: impl FnMut(&dyn Index<F::Key, F::Value>, Entrant<'_, F::Key, F::Value>),
    ) {
        let Some(entry) = self.table.get(slot) else { return };
        for index in self.field.indexes() {
            each(&**index, Entrant { key: entry.key(), hash, value: entry.value() });
        }
    }

    /// Whether a write has work to do for other entries.
    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        self.table.schedule().is_due(self.now) || self.table.needs_step()
    }

    /// The entry of a slot.
    pub(crate) fn entry(&self, slot: Slot) -> Option<Entry<'_, F::Key, F::Value, F::Policy>> {
        self.table.get(slot)
    }

    /// Stores the entry on offer, which has this weight. Its key is absent, and its units and memory are reserved.
    ///
    /// # Panics
    ///
    /// If there is no memory nevertheless.
    #[inline]
    pub(crate) fn insert_staged(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, weight: Weight, ttl: Option<Nanos>) {
        self.table.missed(hash);
        if self.insert_with_units(hash, offer, weight, ttl).is_none() {
            self.refuse_for_memory();
        }
    }

    /// Removes the entry of an occupied slot. Returns its units, which stay taken.
    #[inline]
    pub(crate) fn remove_staged(&mut self, slot: Slot, hash: KeyHash, cause: Cause) -> Units {
        self.depart(slot, Some(hash.low()), cause, None).unwrap_or(Units::ZERO)
    }

    /// The units of the entry of a slot.
    #[inline]
    pub(crate) fn units_of(&self, slot: Slot) -> Units {
        self.table.weight::<F::Policy>(slot).units()
    }

    /// The weight of an entry. `None` if it is heavier than the whole capacity.
    #[inline]
    pub(crate) fn weigh_staged(&self, key: &F::Key, value: &F::Value) -> Option<Weight> {
        if !F::Policy::WEIGHS {
            return Some(Weight::ONE);
        }
        let weight = self.field.weigh(key, value);
        self.fits(weight).then_some(weight)
    }
}
