//! Finding entries, and noting their use.

use super::locked::Session;
use crate::{
    clock::{Deadline, Nanos},
    engine::{
        cause::Cause,
        spec::{OfferFor, Spec},
        table::{Slot, StampOf},
    },
    expiry::Stamp,
    hasher::KeyHash,
};
use std::borrow::Borrow;

impl<F: Spec> Session<'_, F> {
    /// The slot of the live entry of a key. An entry that has expired leaves.
    #[inline]
    pub(crate) fn find<Q>(&mut self, hash: KeyHash, key: &Q) -> Option<Slot>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let entry = self.table.find(hash, key)?;
        let slot = entry.slot();
        if !StampOf::<F::Policy>::EXPIRES || !entry.stamp().deadline(self.field.idle()).has_passed(self.now) {
            return Some(slot);
        }
        self.remove(slot, Some(hash.low()), Cause::Expired);
        None
    }

    /// As [`find`](Session::find), but an entry that has expired stays.
    pub(crate) fn find_live<Q>(&self, hash: KeyHash, key: &Q) -> Option<Slot>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.table.find(hash, key).map(|entry| entry.slot()).filter(|&slot| self.is_alive(slot))
    }

    /// As [`find`](Session::find), for the key on offer.
    #[inline]
    pub(crate) fn find_offered(&mut self, hash: KeyHash, offer: &OfferFor<F>) -> Option<Slot>
    where
        F::Key: Eq,
    {
        self.find(hash, offer.key()?)
    }

    /// As [`find`](Session::find), and counts as an access.
    #[inline]
    pub(crate) fn access<Q>(&mut self, hash: KeyHash, key: &Q) -> Option<Slot>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = self.find(hash, key);
        match found {
            Some(slot) => {
                self.shard.uses().hits.add();
                self.note_use(slot);
            }
            None => self.shard.uses().misses.add(),
        }
        found
    }

    /// As [`access`](Session::access), for the key on offer.
    pub(crate) fn access_offered(&mut self, hash: KeyHash, offer: &OfferFor<F>) -> Option<Slot>
    where
        F::Key: Eq,
    {
        self.access(hash, offer.key()?)
    }

    /// Notes a use of the entry of an occupied slot.
    #[inline]
    pub(crate) fn note_use(&mut self, slot: Slot) {
        if StampOf::<F::Policy>::TRACKS_ACCESS
            && let Some(entry) = self.table.get(slot)
        {
            entry.stamp().accessed(self.now);
        }
        self.table.hit_mut(slot);
    }

    #[inline]
    pub(crate) fn is_alive(&self, slot: Slot) -> bool {
        if !StampOf::<F::Policy>::EXPIRES {
            return true;
        }
        match self.table.get(slot) {
            Some(entry) => !entry.stamp().deadline(self.field.idle()).has_passed(self.now),
            None => false,
        }
    }

    /// When the entry of a slot expires by its time to live.
    pub(crate) fn deadline(&self, slot: Slot) -> Option<Deadline> {
        self.table.get(slot).map(|entry| entry.stamp().deadline(Nanos::FOREVER))
    }

    /// The value of a slot.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    pub(crate) fn value(&self, slot: Slot) -> &F::Value {
        self.table.get(slot).expect("a slot that was just found").value()
    }
}
