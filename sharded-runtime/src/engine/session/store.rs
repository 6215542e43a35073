//! Storing and replacing.

use super::{
    indexed::Taken,
    locked::{STEPS_PER_WRITE, Session, no_room},
};
use crate::{
    Policy,
    clock::Nanos,
    engine::{
        cause::Cause,
        garbage::Listener,
        spec::{OfferFor, Spec},
        table::{Put, Slot, Stored},
        units::Weight,
    },
    hasher::KeyHash,
    names_of,
    observe::events,
};
use std::{borrow::Borrow, mem};

impl<F: Spec<Key: Eq>> Session<'_, F> {
    /// Stores the entry on offer with this ttl or the declared one: as a new entry, or in place of the old value of its
    /// key, which is then on offer. Refuses an entry that is heavier than the whole capacity or finds no room in this
    /// shard, or that has an index key of another entry.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "saves 30 of 178 instructions where only the table is asked: `table/README.md`"
    )]
    pub(crate) fn store(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, ttl: Option<Nanos>) -> Stored {
        if self.is_lean() {
            let put = self.table.put(hash, offer);
            return self.finish_put(put, hash, offer);
        }
        // Such a map has no ttl. Without garbage no listener is told either.
        if F::Policy::INDEXED && self.steps_itself() {
            return self.store_followed(hash, offer);
        }
        self.find_and_store(hash, offer, ttl)
    }

    #[inline]
    fn find_and_store(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, ttl: Option<Nanos>) -> Stored {
        if !self.fits(self.weight_of(offer)) {
            return Stored::Refused;
        }
        if let Some(slot) = self.find_offered(hash, offer) {
            return if self.exchange(slot, hash, offer, ttl).is_ok() { Stored::InPlace } else { Stored::Taken };
        }
        if !F::Policy::INDEXED {
            return match self.insert_unindexed(hash, offer, ttl) {
                Some(_) => Stored::New,
                None => Stored::Refused,
            };
        }
        self.put_indexed(hash, offer, ttl)
    }

    /// Stores the entry on offer, whose key is absent, with this ttl or the declared one. Returns its slot, or `None`
    /// if there is no room in this shard or an index key is taken. The entry must [fit](Session::fits).
    ///
    /// # Panics
    ///
    /// Without memory for the table.
    #[inline]
    pub(crate) fn insert(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, ttl: Option<Nanos>) -> Option<Slot> {
        if F::Policy::INDEXED {
            return self.insert_indexed(hash, offer, ttl).ok().flatten();
        }
        self.insert_unindexed(hash, offer, ttl)
    }

    /// As [`insert`](Session::insert), where no index has to know of the entry, or all know of it.
    #[inline]
    pub(super) fn insert_unindexed(
        &mut self,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
    ) -> Option<Slot> {
        let ttl = if F::Policy::TTL_OF_ENTRY { ttl.or_else(|| self.ttl_of_offered(offer)) } else { ttl };
        if let Some(key) = offer.key() {
            self.overtake(hash, key);
        }
        self.table.missed(hash);
        let weight = self.weight_of(offer);
        if self.table.is_overdue() {
            // Memory may be available again.
            let _ = self.step(STEPS_PER_WRITE);
        }
        if !self.table.has_room() || !self.take_units(weight) {
            return None;
        }
        let Some(slot) = self.insert_with_units(hash, offer, weight, ttl) else {
            self.give_units(weight.units());
            self.refuse_for_memory();
        };
        Some(slot)
    }

    /// Stores the value of `make` for the key on offer, which is absent, with this ttl or the declared one. An entry
    /// that does not fit is evicted at once. Returns whether the entry was taken from the offer: if some entries may
    /// not be evicted, there may be no room in this shard.
    #[must_use]
    #[inline]
    pub(crate) fn insert_made(
        &mut self,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
        make: impl FnOnce() -> F::Value,
    ) -> bool {
        if self.is_lean() {
            return self.reborrow().insert_made_apart(hash, offer, make);
        }
        offer.value = Some(self.run_apart(make));
        self.refresh_now();
        self.insert_or_evict(hash, offer, ttl)
    }

    /// Not inlined, so that an access to an existing entry stays short: `table/README.md`.
    #[inline(never)]
    fn insert_made_apart(mut self, hash: KeyHash, offer: &mut OfferFor<F>, make: impl FnOnce() -> F::Value) -> bool {
        offer.value = Some(make());
        self.insert_or_evict(hash, offer, None)
    }

    /// As [`insert_made`](Session::insert_made), for a value that was made.
    #[must_use]
    pub(crate) fn insert_or_evict(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, ttl: Option<Nanos>) -> bool {
        let is_stored = if self.is_lean() {
            let put = self.table.put_new(hash, offer);
            self.finish_put(put, hash, offer) == Stored::New
        } else if self.fits(self.weight_of(offer)) {
            if F::Policy::INDEXED {
                self.put_indexed(hash, offer, ttl) == Stored::New
            } else {
                self.insert_unindexed(hash, offer, ttl).is_some()
            }
        } else {
            self.depart_offered(offer, Cause::Evicted);
            true
        };
        if !is_stored && !F::Policy::PINS && !F::Policy::INDEXED {
            no_room();
        }
        is_stored
    }

    /// Stores the entry on offer if its key is absent or a condition holds for its value, where only the table keeps
    /// data about entries.
    #[inline]
    pub(crate) fn store_if(
        &mut self,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        may_replace: impl FnOnce(&F::Value) -> bool,
    ) -> Stored {
        let put = self.table.put_if(hash, offer, may_replace);
        self.finish_put(put, hash, offer)
    }

    /// Counts the result of a `put`, or stores the entry if the table could not do it in one bucket.
    #[inline]
    fn finish_put(&mut self, put: Put, hash: KeyHash, offer: &mut OfferFor<F>) -> Stored {
        match put {
            Put::Replaced => {
                self.count_insert();
                Stored::InPlace
            }
            Put::Refused => Stored::Refused,
            Put::Stored => self.finish_stored(hash),
            Put::Crowded => self.reborrow().insert_crowded(hash, offer),
        }
    }

    /// Counts a new entry.
    #[inline]
    fn finish_stored(&mut self, hash: KeyHash) -> Stored {
        self.count_stored();
        if self.shard.counts().is_loading() {
            self.reborrow().overtake_stored(hash);
        }
        Stored::New
    }

    /// Stores the entry on offer in a table that needs a step, or outside of its home.
    #[cold]
    fn insert_crowded(mut self, hash: KeyHash, offer: &mut OfferFor<F>) -> Stored {
        // Without memory to grow, the table becomes fuller. Later writes try again.
        let _ = self.step(STEPS_PER_WRITE);
        // Mostly only a growth step was due, and now the home has a vacant slot.
        if let Put::Stored = self.table.put_new(hash, offer) {
            return self.finish_stored(hash);
        }
        match self.insert(hash, offer, None) {
            Some(_) => Stored::New,
            None => Stored::Refused,
        }
    }

    /// As [`overtake`](Session::overtake), for a key that has been stored.
    #[cold]
    fn overtake_stored(self, hash: KeyHash) {
        self.field.overtake(hash, &|loading| self.table.find(hash, loading).is_some());
    }
}

impl<F: Spec> Session<'_, F> {
    /// Stores the entry on offer, whose key is absent and whose units are taken, with this ttl or the declared one.
    /// Returns its slot, or `None` without memory for the table. Runs no user code.
    #[inline]
    pub(super) fn insert_with_units(
        &mut self,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        weight: Weight,
        ttl: Option<Nanos>,
    ) -> Option<Slot> {
        let slot = self.table.insert::<F::Policy>(hash, offer, weight, self.shard.view()).ok()?;
        self.count_stored();
        self.change_weight(Weight::ZERO, weight);
        self.restart(slot, hash, ttl);
        Some(slot)
    }

    /// Panics, since the table has no memory for one more entry.
    #[cold]
    pub(super) fn refuse_for_memory(&self) -> ! {
        events::memory_refused(names_of::<F::Policy>(), self.table.len(), true);
        no_memory();
    }

    #[inline]
    pub(super) fn count_insert(&self) {
        self.shard.counts().add_insert(&self.shard.status().meter);
    }

    #[inline]
    pub(super) fn count_stored(&self) {
        self.count_insert();
        self.publish_len();
    }

    /// Replaces the value of an occupied slot, whose key has this hash, by the one on offer. The old value is then on
    /// offer. Restarts the ttl, with this length or the declared one. If an index key is taken, nothing has changed.
    #[inline]
    pub(crate) fn replace(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
    ) -> Result<(), Taken> {
        let Some(value) = &offer.value else { return Ok(()) };
        // User code comes first: if it panics, nothing has changed, and the value is still on offer.
        let weight = self.weigh(slot, Some(value));
        let ttl = if F::Policy::TTL_OF_ENTRY { ttl.or_else(|| self.ttl_of_slot(slot, Some(value))) } else { ttl };
        self.overtake_refresh(slot);
        if F::Policy::INDEXED {
            return self.replace_indexed(slot, hash, offer, weight, ttl);
        }
        if let Some(value) = &mut offer.value {
            self.replace_weighed(slot, hash, value, weight, ttl);
        }
        Ok(())
    }

    /// As [`replace`](Session::replace), with a value of this weight. Runs no user code, except `Clone` where entries
    /// are shared.
    #[inline]
    pub(super) fn replace_weighed(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        value: &mut F::Value,
        weight: Weight,
        ttl: Option<Nanos>,
    ) {
        if Self::SHARES {
            // First, since it clones the key and the old value: if it panics, nothing has happened. Readers may look
            // meanwhile, unless an index already has the new value.
            if F::Policy::INDEXED {
                self.table.change(slot, |_, old| mem::swap(old, value));
            } else {
                self.table.change_apart(slot, self.shard.view(), |_, old| mem::swap(old, value));
            }
        }
        self.count_insert();
        self.table.hit_mut(slot);
        self.restart(slot, hash, ttl);
        if !Self::SHARES {
            self.table.change(slot, |_, old| mem::swap(old, value));
        }
        // Tested here, so that maps without weights have no code for it.
        if F::Policy::WEIGHS {
            self.reweighed(slot, hash.low(), weight);
        }
    }

    /// As [`replace`](Session::replace), for a call that returns the old value: a listener gets a copy.
    #[inline]
    pub(crate) fn exchange(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
    ) -> Result<(), Taken> {
        match self.listener() {
            None => self.replace(slot, hash, offer, ttl),
            Some(listener) => self.exchange_telling((slot, hash), offer, ttl, listener),
        }
    }

    #[cold]
    fn exchange_telling(
        &mut self,
        (slot, hash): (Slot, KeyHash),
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
        listener: &F::Listener,
    ) -> Result<(), Taken> {
        if offer.value.is_none() {
            return Ok(());
        }
        // The copy comes first: if making it panics, nothing has changed.
        let copy = listener.copy_value(self.value(slot));
        self.replace(slot, hash, offer, ttl)?;
        if let Some((key, garbage)) = offer.take_key().zip(self.garbage.as_deref_mut()) {
            garbage.tell(key, copy, Cause::Replaced, listener);
        }
        Ok(())
    }

    /// Makes a load of this absent key discard its value, since the key is stored or removed.
    #[inline]
    pub(crate) fn overtake<Q>(&self, hash: KeyHash, key: &Q)
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if self.shard.counts().is_loading() {
            self.field.overtake(hash, &|loading| loading.borrow() == key);
        }
    }

    /// Makes a refresh of this entry discard its value, since a call changes or removes the entry.
    #[inline]
    pub(crate) fn overtake_refresh(&self, slot: Slot) {
        if F::Policy::REFRESH_AFTER.is_some()
            && self.shard.counts().is_loading()
            && let Some(entry) = self.table.get(slot)
        {
            self.field.overtake_refresh(entry.key());
        }
    }
}

#[cold]
fn no_memory() -> ! {
    panic!("no memory for one more entry; the map is as it was before")
}
