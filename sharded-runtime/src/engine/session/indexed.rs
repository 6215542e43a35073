//! Keeping the indexes of the map, where it has any.
//!
//! A new value is entered before it is stored, so that one that may not be there is refused before anything has
//! changed. What leaves is removed from the indexes before it leaves. Both happen under the lock of the entry's shard.

use super::locked::{STEPS_PER_WRITE, Session};
use crate::{
    clock::Nanos,
    engine::{
        cause::Cause,
        garbage::Garbage,
        index::{
            Claim, Claims, Entrant, Holder, Index, TransactionId, Unfinished, UnfinishedIn, claim_all, claim_each,
            release_claimed,
        },
        spec::{OfferFor, Spec},
        table::{Put, Slot, Stored},
        units::Weight,
    },
    hasher::{KeyHash, LowHash},
};
use std::mem;

/// What is going to be stored, and the value that it replaces.
type Replacement<'e, F> = (Entrant<'e, <F as Spec>::Key, <F as Spec>::Value>, Option<&'e <F as Spec>::Value>);

/// A value for which a unique index has another entry.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The name of the index.
    pub(crate) index: &'static str,
}

impl Taken {
    /// Panics, in a call that has no other way to say so.
    #[cold]
    pub(crate) fn refuse(self) -> ! {
        panic!(
            "another entry has the index key in `{}`, which is unique: `try_insert` and transactions give such an entry back",
            self.index
        );
    }
}

impl<F: Spec> Session<'_, F> {
    /// Enters the index keys of the value on offer, as the new value of an occupied slot or of a new entry with the key
    /// on offer. If one is taken, none is entered, or it is the transaction's to undo that.
    #[inline]
    pub(super) fn claim(
        &mut self,
        slot: Option<Slot>,
        hash: LowHash,
        offer: &OfferFor<F>,
        by: TransactionId,
    ) -> Result<Claims, Taken> {
        let Some((new, old)) = self.entrant(slot, hash, offer) else { return Ok(Claims::default()) };
        match claim_all(self.field.indexes(), new, old, by) {
            Some(claims) => Ok(claims),
            None => self.reborrow().claim_from_holders(slot, hash, offer, by),
        }
    }

    /// As [`claim`](Session::claim), where an entry was found to hold an index key. It may not have it any more.
    #[cold]
    #[inline(never)]
    fn claim_from_holders(
        mut self,
        slot: Option<Slot>,
        hash: LowHash,
        offer: &OfferFor<F>,
        by: TransactionId,
    ) -> Result<Claims, Taken> {
        loop {
            let Some((new, old)) = self.entrant(slot, hash, offer) else { return Ok(Claims::default()) };
            let (number, holder) = match claim_each(self.field.indexes(), new, old, by) {
                Ok(claims) => return Ok(claims),
                Err(held) => held,
            };
            let index = &*self.field.indexes()[number];
            // What an entry of the same transaction is going to have is taken, whether that is stored yet or not.
            if holder.is_of(by) || !self.settle(index, slot, (hash, offer), &holder) {
                return Err(Taken { index: index.name() });
            }
        }
    }

    /// What is going to be stored.
    #[inline]
    pub(super) fn entrant<'e>(
        &'e self,
        slot: Option<Slot>,
        hash: LowHash,
        offer: &'e OfferFor<F>,
    ) -> Option<Replacement<'e, F>> {
        let value = offer.value.as_ref()?;
        match slot {
            None => Some((Entrant { key: offer.key()?, hash, value }, None)),
            Some(slot) => {
                let entry = self.table.get(slot)?;
                Some((Entrant { key: entry.key(), hash, value }, Some(entry.value())))
            }
        }
    }

    /// Takes back what [`claim`](Session::claim) has entered for a new entry, which is still on offer.
    #[cold]
    pub(super) fn unclaim(&self, slot: Option<Slot>, hash: LowHash, offer: &OfferFor<F>, claims: Claims) {
        let Some((entrant, _)) = self.entrant(slot, hash, offer) else { return };
        release_claimed(self.field.indexes(), entrant, claims);
    }

    /// Removes the index keys of the old value, now on offer, in place of which a slot has a new one.
    pub(super) fn release_replaced(&self, slot: Slot, hash: LowHash, old: &F::Value, claims: Claims) {
        let Some(entry) = self.table.get(slot) else { return };
        release_claimed(self.field.indexes(), Entrant { key: entry.key(), hash, value: old }, claims);
    }

    /// Removes the index keys of an entry that is about to leave.
    pub(super) fn release(&self, slot: Slot, hash: LowHash) {
        let Some(entry) = self.table.get(slot) else { return };
        for index in self.field.indexes() {
            index.release(Entrant { key: entry.key(), hash, value: entry.value() }, None);
        }
    }

    /// Enters the index keys of the value that a slot has, in indexes where they are held. A value for which an index
    /// key is taken has none in that index, and the index is returned.
    #[cold]
    pub(super) fn claim_held(&mut self, slot: Slot, hash: LowHash, missing: UnfinishedIn<'_, F::Key>) -> Option<Taken> {
        let mut taken = None;
        for (number, Unfinished { holder, former }) in missing {
            taken = taken.or(self.claim_changed(number, slot, hash, Some(holder)));
            drop(former);
        }
        taken
    }

    /// Enters the index key of the value that a slot has, of which the index knows nothing.
    fn claim_changed(
        &mut self,
        number: usize,
        slot: Slot,
        hash: LowHash,
        mut held: Option<Holder<F::Key>>,
    ) -> Option<Taken> {
        let index = &*self.field.indexes()[number];
        let nothing = OfferFor::<F>::without_key(None);
        loop {
            if let Some(holder) = &held
                && !self.settle(index, Some(slot), (hash, &nothing), holder)
            {
                return Some(Taken { index: index.name() });
            }
            let entry = self.table.get(slot)?;
            let entrant = Entrant { key: entry.key(), hash, value: entry.value() };
            match index.claim(entrant, None, TransactionId::NONE) {
                Claim::Held(holder) => held = Some(holder),
                Claim::Changed | Claim::Unchanged => return None,
            }
        }
    }

    /// Enters the index keys of the value that a slot has, after a closure that changed it has panicked.
    pub(super) fn claim_after_panic(&mut self, slot: Slot, hash: LowHash) -> Option<Taken> {
        (0..self.field.indexes().len()).find_map(|number| self.claim_changed(number, slot, hash, None))
    }

    /// Whether an index key may be taken from its holder, since the holder does not have it any more. Then it has been
    /// taken from it. The new value is on offer, or else in the slot.
    fn settle(
        &mut self,
        index: &dyn Index<F::Key, F::Value>,
        slot: Option<Slot>,
        (hash, offer): (LowHash, &OfferFor<F>),
        holder: &Holder<F::Key>,
    ) -> bool {
        let holder_hash = self.field.hash_of(&holder.key);
        let is_here = self.field.is_in(self.shard, holder_hash);
        if is_here
            && let Some(other) = self.field.slot_of(self.table, holder_hash, &holder.key)
            && !self.is_alive(other)
            && slot != Some(other)
        {
            self.remove(other, Some(holder_hash.low()), Cause::Expired);
        }
        let entry = slot.and_then(|slot| self.table.get(slot));
        let key = match &entry {
            Some(entry) => Some(entry.key()),
            None => offer.key(),
        };
        let value = match (&offer.value, &entry) {
            (Some(value), _) => Some(value),
            (None, Some(entry)) => Some(entry.value()),
            (None, None) => None,
        };
        let (Some(key), Some(value)) = (key, value) else { return false };
        let is_same =
            |other_key: &F::Key, other_value: &F::Value| index.is_same((key, value), (other_key, other_value));
        let is_holding = if is_here {
            let other = self.field.slot_of(self.table, holder_hash, &holder.key);
            let other = other.and_then(|other| self.table.get(other));
            other.is_some_and(|other| self.is_alive(other.slot()) && is_same(other.key(), other.value()))
        } else {
            let mut own = Garbage::new();
            let garbage = match &mut self.garbage {
                Some(garbage) => &mut **garbage,
                None => &mut own,
            };
            // In use counts as holding. A call that can release its own lock waits and tries again.
            self.field.is_holding_elsewhere(holder_hash, &holder.key, &is_same, garbage).unwrap_or(true)
        };
        if !is_holding {
            index.dismiss(Entrant { key, hash, value }, holder);
        }
        !is_holding
    }

    /// Whether the entry of a key is alive and has the index key that an index says. One that has expired leaves.
    pub(crate) fn is_holding(
        &mut self,
        hash: KeyHash,
        key: &F::Key,
        is_same: &dyn Fn(&F::Key, &F::Value) -> bool,
    ) -> bool {
        let Some(slot) = self.field.slot_of(self.table, hash, key) else { return false };
        if !self.is_alive(slot) {
            self.remove(slot, Some(hash.low()), Cause::Expired);
            return false;
        }
        self.table.get(slot).is_some_and(|entry| is_same(entry.key(), entry.value()))
    }
}

impl<F: Spec<Key: Eq>> Session<'_, F> {
    /// As [`store`](Session::store), in a map of which only the table and the indexes keep data about entries. It
    /// searches once.
    #[inline]
    pub(super) fn store_followed(&mut self, hash: KeyHash, offer: &mut OfferFor<F>) -> Stored {
        let (indexes, shard) = (self.field.indexes(), self.shard);
        let Some(key) = offer.key() else { return Stored::Refused };
        let Some(mut entry) = self.table.find_mut(hash, key) else { return self.put_indexed(hash, offer, None) };
        let Some(value) = &mut offer.value else { return Stored::Refused };
        let new = Entrant { key: entry.key(), hash: hash.low(), value: &*value };
        let Some(claims) = claim_all(indexes, new, Some(entry.value()), TransactionId::NONE) else {
            let slot = entry.slot();
            return self.reborrow().replace_held(slot, hash, offer);
        };
        // From here on no user code runs whose panic is not contained, so the index keys that were entered stay.
        entry.swap(value);
        shard.counts().add_insert(&shard.status().meter);
        if !claims.are_none() {
            release_claimed(indexes, Entrant { key: entry.key(), hash: hash.low(), value: &*value }, claims);
        }
        Stored::InPlace
    }

    /// As [`store_followed`](Session::store_followed), where another entry was found to hold an index key.
    #[cold]
    fn replace_held(mut self, slot: Slot, hash: KeyHash, offer: &mut OfferFor<F>) -> Stored {
        match self.replace_indexed(slot, hash, offer, Weight::ONE, None) {
            Ok(()) => Stored::InPlace,
            Err(Taken { .. }) => Stored::Taken,
        }
    }

    /// As [`store`](Session::store), for a key that is absent, in a map that has indexes.
    pub(super) fn put_indexed(&mut self, hash: KeyHash, offer: &mut OfferFor<F>, ttl: Option<Nanos>) -> Stored {
        let Ok(claims) = self.claim_new(hash.low(), offer) else { return Stored::Taken };
        // This runs no user code, so nothing has to be taken back.
        if Self::IS_STEADY
            && !self.shard.counts().is_loading()
            && let Put::Stored = self.table.put_new(hash, offer)
        {
            self.count_stored();
            return Stored::New;
        }
        match self.insert_claimed(hash, offer, ttl, claims) {
            Some(_) => Stored::New,
            None => Stored::Refused,
        }
    }

    /// As [`claim`](Session::claim), for a new entry.
    #[inline]
    fn claim_new(&mut self, hash: LowHash, offer: &OfferFor<F>) -> Result<Claims, Taken> {
        let (Some(key), Some(value)) = (offer.key(), &offer.value) else { return Ok(Claims::default()) };
        match claim_all(self.field.indexes(), Entrant { key, hash, value }, None, TransactionId::NONE) {
            Some(claims) => Ok(claims),
            None => self.reborrow().claim_from_holders(None, hash, offer, TransactionId::NONE),
        }
    }

    /// As [`insert`](Session::insert), in a map that has indexes.
    pub(super) fn insert_indexed(
        &mut self,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
    ) -> Result<Option<Slot>, Taken> {
        let claims = self.claim_new(hash.low(), offer)?;
        Ok(self.insert_claimed(hash, offer, ttl, claims))
    }

    /// As [`insert`](Session::insert), for an entry whose index keys are entered.
    fn insert_claimed(
        &mut self,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        ttl: Option<Nanos>,
        claims: Claims,
    ) -> Option<Slot> {
        let mut storing = Storing { session: self.reborrow(), slot: None, hash: hash.low(), offer, claims };
        let Storing { session, offer, .. } = &mut storing;
        if session.steps_itself() {
            let _ = session.step(STEPS_PER_WRITE);
        }
        let slot = session.insert_unindexed(hash, offer, ttl);
        if slot.is_some() {
            mem::forget(storing);
        }
        slot
    }
}

impl<F: Spec> Session<'_, F> {
    /// As [`replace`](Session::replace), by a value of this weight, in a map that has indexes.
    pub(super) fn replace_indexed(
        &mut self,
        slot: Slot,
        hash: KeyHash,
        offer: &mut OfferFor<F>,
        weight: Weight,
        ttl: Option<Nanos>,
    ) -> Result<(), Taken> {
        let claims = self.claim(Some(slot), hash.low(), offer, TransactionId::NONE)?;
        if claims.are_none() {
            if let Some(value) = &mut offer.value {
                self.replace_weighed(slot, hash, value, weight, ttl);
            }
            return Ok(());
        }
        let (session, low) = (self.reborrow(), hash.low());
        let mut storing = Storing { session, slot: Some(slot), hash: low, offer: &mut *offer, claims };
        let Storing { session, offer: entering, .. } = &mut storing;
        if let Some(value) = &mut entering.value {
            session.replace_weighed(slot, hash, value, weight, ttl);
        }
        mem::forget(storing);
        if let Some(value) = &offer.value {
            self.release_replaced(slot, low, value, claims);
        }
        Ok(())
    }
}

/// What is on offer for an occupied slot or as a new entry, and has its index keys entered. If it is not stored, they
/// are removed.
struct Storing<'s, F: Spec> {
    session: Session<'s, F>,
    slot: Option<Slot>,
    hash: LowHash,
    offer: &'s mut OfferFor<F>,
    claims: Claims,
}

impl<F: Spec> Drop for Storing<'_, F> {
    #[cold]
    fn drop(&mut self) {
        self.session.unclaim(self.slot, self.hash, self.offer, self.claims);
    }
}
