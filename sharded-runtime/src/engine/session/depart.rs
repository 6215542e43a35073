//! Removing entries. Each entry that leaves a shard is removed here, except when a whole table is removed.

use super::locked::{STEPS_PER_WRITE, Session};
use crate::engine::{
    cause::Cause,
    garbage::Listener,
    spec::{HandedFor, OfferFor, Spec},
    table::Slot,
    units::{Units, Weight},
};
use crate::{
    Policy,
    contain::contain,
    hasher::{KeyHash, LowHash},
    names_of,
    observe::events,
};
use std::borrow::Borrow;

impl<F: Spec> Session<'_, F> {
    /// Removes the entry of an occupied slot, and counts that. Moves it to `handed`, or else to the garbage, where it
    /// is given to a listener. `hash` is the hash of its key, if known. Returns the units of the entry, which stay
    /// taken, or `None` if no entry was removed.
    #[inline]
    pub(super) fn depart(
        &mut self,
        slot: Slot,
        hash: Option<LowHash>,
        cause: Cause,
        handed: Option<&mut HandedFor<F>>,
    ) -> Option<Units> {
        let hash = match hash {
            Some(hash) => hash,
            None => self.table.hash_of(slot, |key| self.field.hash_of(key))?,
        };
        let weight = self.table.weight::<F::Policy>(slot);
        if Self::SHARES {
            self.retire((slot, hash), cause, handed)?;
            self.note_retired_units(weight.units());
            self.publish_len();
            self.change_weight(weight, Weight::ZERO);
            self.count_departed(cause, weight);
            return Some(weight.units());
        }
        let (listener, is_handed) = (self.listener(), handed.is_some());
        match (handed, listener) {
            (Some(handed), None) => {
                self.overtake_refresh(slot);
                if F::Policy::INDEXED {
                    self.release(slot, hash);
                }
                self.table.remove(slot, hash, handed).then_some(())?;
            }
            (Some(handed), Some(listener)) => self.hand_telling((slot, hash), cause, listener, handed)?,
            (None, _) => {
                self.garbage.as_ref()?;
                if F::Policy::INDEXED {
                    self.release(slot, hash);
                }
                self.table.remove(slot, hash, self.garbage.as_deref_mut()?.kept()).then_some(())?;
            }
        }
        self.publish_len();
        self.change_weight(weight, Weight::ZERO);
        self.count_departed(cause, weight);
        if let Some(listener) = listener
            && !is_handed
            && let Some(garbage) = self.garbage.as_deref_mut()
        {
            garbage.tell_last(cause, listener);
        }
        Some(weight.units())
    }

    /// Removes an entry that readers may hold: it is retired. `handed` gets a copy, and a listener another one.
    fn retire(&mut self, (slot, hash): (Slot, LowHash), cause: Cause, handed: Option<&mut HandedFor<F>>) -> Option<()> {
        let is_handed = handed.is_some();
        // The copies come first: if making them panics, nothing has changed.
        let copy = if is_handed { self.copy_for_listener(slot) } else { self.copy_for_listener_if_possible(slot) };
        if let Some(handed) = handed {
            self.table.hand_copy(slot, handed).then_some(())?;
            self.overtake_refresh(slot);
        }
        if F::Policy::INDEXED {
            self.release(slot, hash);
        }
        let garbage = self.garbage.as_deref_mut()?;
        self.table.remove(slot, hash, garbage.kept()).then_some(())?;
        match copy.zip(self.field.listener()) {
            Some(((key, value), listener)) => garbage.tell(key, value, cause, listener),
            None if is_handed => {}
            None => garbage.note_departed(),
        }
        Some(())
    }

    /// A copy of an entry that readers may hold, if there is a listener.
    fn copy_for_listener(&self, slot: Slot) -> Option<(F::Key, Box<F::Value>)> {
        let (listener, entry) = (self.field.listener()?, self.table.get(slot)?);
        Some((listener.copy_key(entry.key()), listener.copy_value(entry.value())))
    }

    /// As [`copy_for_listener`](Session::copy_for_listener), for an entry that leaves where nothing may fail: `None`
    /// also if `Clone` panics. The listener is not told of such an entry.
    pub(super) fn copy_for_listener_if_possible(&self, slot: Slot) -> Option<(F::Key, Box<F::Value>)> {
        contain(|| self.copy_for_listener(slot)).flatten()
    }

    /// Moves an entry to `handed`, and gives a copy to a listener.
    #[cold]
    fn hand_telling(
        &mut self,
        (slot, hash): (Slot, LowHash),
        cause: Cause,
        listener: &F::Listener,
        handed: &mut HandedFor<F>,
    ) -> Option<()> {
        let entry = self.table.get(slot)?;
        // The copies come first: if making them panics, nothing has changed.
        let (key, value) = (listener.copy_key(entry.key()), listener.copy_value(entry.value()));
        self.overtake_refresh(slot);
        if F::Policy::INDEXED {
            self.release(slot, hash);
        }
        self.table.remove(slot, hash, handed).then_some(())?;
        self.garbage.as_deref_mut()?.tell(key, value, cause, listener);
        Some(())
    }

    /// Treats the entry on offer, which was not stored, as one that was removed at once.
    pub(crate) fn depart_offered(&mut self, offer: &mut OfferFor<F>, cause: Cause) {
        let Some(garbage) = self.garbage.as_deref_mut() else { return };
        if garbage.kept().push_offer(offer) {
            if let Some(listener) = self.field.listener() {
                garbage.tell_last(cause, listener);
            }
            self.count_departed(cause, Weight::ZERO);
        }
    }

    #[inline]
    fn count_departed(&self, cause: Cause, weight: Weight) {
        let meter = &self.shard.status().meter;
        match cause {
            Cause::Expired => {
                meter.expired.add();
                events::expired(names_of::<F::Policy>(), weight.units().get());
            }
            Cause::Evicted => {
                meter.evicted.add();
                events::evicted(names_of::<F::Policy>(), weight.units().get());
            }
            Cause::Replaced | Cause::Removed | Cause::Cleared => {}
        }
    }

    /// Removes the entry of an occupied slot. `hash` is the hash of its key, if known.
    pub(crate) fn remove(&mut self, slot: Slot, hash: Option<LowHash>, cause: Cause) {
        if !cause.is_automatic() {
            self.overtake_refresh(slot);
        }
        if let Some(units) = self.depart(slot, hash, cause, None) {
            self.give_units(units);
        }
    }

    /// As [`remove`](Session::remove), but moves the entry to `handed`. A listener gets a copy.
    #[inline]
    pub(crate) fn hand(&mut self, slot: Slot, hash: Option<LowHash>, cause: Cause, handed: &mut HandedFor<F>) {
        if let Some(units) = self.depart(slot, hash, cause, Some(handed)) {
            self.give_units(units);
        }
    }

    /// Moves the live entry of a key to `handed` if a condition holds for its value.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as `store`: `table/README.md`")]
    pub(crate) fn hand_if<Q>(
        &mut self,
        hash: KeyHash,
        key: &Q,
        condition: impl FnOnce(&F::Value) -> bool,
        handed: &mut HandedFor<F>,
    ) where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !self.is_lean() {
            return self.find_and_hand(hash, key, condition, handed);
        }
        if self.table.hand_if(hash, key, condition, handed) {
            self.publish_len();
            // Without memory for the other size later writes try again.
            let _ = self.step(STEPS_PER_WRITE);
        } else {
            // The condition can't be checked for a value that is being loaded.
            self.overtake(hash, key);
        }
    }

    #[inline]
    fn find_and_hand<Q>(
        &mut self,
        hash: KeyHash,
        key: &Q,
        condition: impl FnOnce(&F::Value) -> bool,
        handed: &mut HandedFor<F>,
    ) where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        match self.find(hash, key) {
            Some(slot) if condition(self.value(slot)) => {
                self.hand(slot, Some(hash.low()), Cause::Removed, handed);
                if self.steps_itself() {
                    let _ = self.step(STEPS_PER_WRITE);
                }
            }
            Some(_) => {}
            None => self.overtake(hash, key),
        }
    }
}

/// Removing expired entries.
impl<F: Spec> Session<'_, F> {
    /// Removes expired entries from due buckets, within limits on the buckets to scan and on the entries to remove.
    /// Returns whether no bucket is due any more.
    #[inline]
    pub(crate) fn sweep(&mut self, buckets: usize, entries: usize) -> bool {
        !self.table.schedule().is_due(self.now) || self.sweep_due(buckets, entries)
    }

    #[cold]
    fn sweep_due(&mut self, mut buckets: usize, mut entries: usize) -> bool {
        while self.table.schedule().is_due(self.now) {
            if buckets == 0 || entries == 0 {
                return false;
            }
            match self.table.next_expired(self.now, self.field.idle()) {
                Some(slot) => {
                    entries -= 1;
                    self.remove(slot, None, Cause::Expired);
                }
                None => buckets -= 1,
            }
        }
        true
    }

    /// Removes an expired entry, if one is found in the next `buckets` buckets. Only due buckets are scanned, unless it
    /// `searches`. Returns the units of the entry, which stay taken.
    #[cold]
    pub(crate) fn take_expired(&mut self, searches: bool, buckets: &mut usize) -> Option<Units> {
        let found = self.table.any_expired(self.now, self.field.idle(), searches, buckets);
        // The search may have raised the bound.
        self.shard.status().earliest.set(self.table.schedule_mut().tell_earliest());
        self.depart(found?, None, Cause::Expired, None)
    }

    /// Lowers the bound of this shard that others read, since a new entry expires before it.
    #[cold]
    pub(super) fn publish_earliest(&mut self) {
        let deadline = self.table.schedule_mut().tell_earliest();
        self.shard.status().earliest.set(deadline);
        self.field.expired_shards().note(deadline);
    }
}
