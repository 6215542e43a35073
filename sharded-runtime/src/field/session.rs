//! A shard while its exclusive lock is held.

use super::{
    core::{Core, Shard},
    garbage::Garbage,
    limits::STEPS_PER_WRITE,
};

use crate::{
    Policy,
    engine::table::{Handed, NoMemory, Offer, StampOf, TableOf},
    evict::Eviction,
    expiry::Stamp,
    field::removal::Cause,
};
use std::borrow::Borrow;

/// Buckets that an insert which needs room looks through for an expired entry, in its own shard.
const LOOKS_FOR_ROOM: usize = 64;

/// A shard while its exclusive lock is held.
pub(crate) struct Session<'a, K, V, P: Policy, S> {
    pub(crate) core: &'a Core<K, V, P, S>,
    pub(crate) extras: Shard<'a, K, V, P>,
    pub(crate) table: &'a mut TableOf<K, V, P>,
    pub(crate) now: u64,
    pub(crate) garbage: &'a mut Garbage<K, V>,
    /// The slot of an entry that a change has made heavier than the whole capacity, and its hash.
    pub(crate) heavy: Option<(u32, u64)>,
}

impl<K, V, P: Policy, S> Session<'_, K, V, P, S> {
    /// The slot of the live entry of a key.
    #[inline]
    pub(crate) fn find<Q>(&mut self, hash: u64, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let entry = self.table.find(hash, key)?;
        let slot = entry.slot();
        if !StampOf::<P>::EXPIRES || entry.stamp().deadline(self.core.idle) > self.now {
            return Some(slot);
        }
        self.expire(slot);
        None
    }

    /// As [`find`](Session::find), but leaves what has expired where it is, so nothing is taken out.
    pub(crate) fn find_live<Q>(&self, hash: u64, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.table.find(hash, key).map(|entry| entry.slot()).filter(|&slot| self.is_alive(slot))
    }

    /// As [`find`](Session::find), of what is on offer.
    #[inline]
    pub(crate) fn find_offered(&mut self, hash: u64, offer: &Offer<K, V>) -> Option<u32>
    where
        K: Eq,
    {
        self.find(hash, offer.key()?)
    }

    /// As [`find`](Session::find), and counts as a use.
    #[inline]
    pub(crate) fn find_to_use<Q>(&mut self, hash: u64, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = self.find(hash, key);
        match found {
            Some(slot) => {
                self.extras.uses().hits.add();
                self.used(slot);
            }
            None => self.extras.uses().misses.add(),
        }
        found
    }

    /// Lends the live value of a key for changing, as a use that is counted. Without one, gives back what was to be done.
    #[inline]
    pub(crate) fn use_value<Q, F, R>(&mut self, hash: u64, key: &Q, change: F) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        match self.find_to_use(hash, key) {
            Some(slot) => Ok(self.change(slot, hash, change)),
            None => Err(change),
        }
    }

    #[inline]
    pub(crate) fn is_alive(&self, slot: u32) -> bool {
        if !StampOf::<P>::EXPIRES {
            return true;
        }
        match self.table.get(slot) {
            Some(entry) => entry.stamp().deadline(self.core.idle) > self.now,
            None => false,
        }
    }

    /// Whether the live entry of a slot, whose key has this hash, is so old that it is to be loaded anew.
    pub(crate) fn is_old(&self, slot: u32, hash: u64) -> bool {
        self.table.get(slot).is_some_and(|entry| self.core.is_old(hash, entry.stamp().deadline(u64::MAX)))
    }

    #[inline]
    pub(crate) fn used(&mut self, slot: u32) {
        if StampOf::<P>::TRACKS_ACCESS
            && let Some(entry) = self.table.get(slot)
        {
            entry.stamp().accessed(self.now);
        }
        self.table.hit_mut(slot);
    }

    /// Asks the time anew, after a closure of the user that may have taken long: what it made begins to live now.
    pub(crate) fn ask_time(&mut self) {
        self.now = self.core.now();
    }

    /// Lends the value of a slot, whose key has this hash, for changing.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    #[inline]
    pub(crate) fn change<R>(&mut self, slot: u32, hash: u64, change: impl FnOnce(&mut V) -> R) -> R {
        self.change_weighed(slot, Some(hash), |_, value| change(value)).expect("a slot that was just found")
    }

    /// The value of a slot.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    pub(crate) fn value(&self, slot: u32) -> &V {
        self.table.get(slot).expect("a slot that was just found").value()
    }

    /// As [`use_value`](Session::use_value), of what is on offer.
    #[inline]
    pub(crate) fn use_offered<F, R>(&mut self, hash: u64, offer: &Offer<K, V>, change: F) -> Result<R, F>
    where
        K: Eq,
        F: FnOnce(&mut V) -> R,
    {
        match offer.key() {
            Some(key) => self.use_value(hash, key, change),
            None => Err(change),
        }
    }

    /// As [`find_to_use`](Session::find_to_use), of what is on offer.
    pub(crate) fn find_offered_to_use(&mut self, hash: u64, offer: &Offer<K, V>) -> Option<u32>
    where
        K: Eq,
    {
        self.find_to_use(hash, offer.key()?)
    }

    /// Stores what is on offer, whose key is not there and which fits, for this long (or the declared ttl), unless it finds no room. Where it
    /// `overdraws`, it need not find it in this shard.
    #[must_use]
    pub(crate) fn insert(&mut self, hash: u64, offer: &mut Offer<K, V>, ttl: Option<u64>, overdraws: bool) -> bool
    where
        K: Eq,
    {
        self.insert_slot(hash, offer, ttl, overdraws).is_some()
    }

    /// As [`insert`](Session::insert), and says in which slot it is.
    #[inline]
    pub(crate) fn insert_slot(
        &mut self,
        hash: u64,
        offer: &mut Offer<K, V>,
        ttl: Option<u64>,
        overdraws: bool,
    ) -> Option<u32>
    where
        K: Eq,
    {
        self.core.overtake_offered(self.extras.status(), hash, offer);
        self.table.missed(hash);
        let units = self.units_of(offer);
        if self.table.is_overdue() {
            // There may be memory by now.
            let _ = self.step(STEPS_PER_WRITE);
        }
        if !self.table.has_room() || !self.take_units(units, overdraws) {
            return None;
        }
        let Ok(slot) = self.table.insert::<P>(hash, offer, units, self.extras.view()) else {
            self.give_units(units.into());
            no_memory();
        };
        self.extras.status().meter.inserts.add();
        self.add_weight(units.into());
        self.extras.status().meter.stored.set(self.table.len() as u64);
        self.restart(slot, hash, ttl);
        Some(slot)
    }

    /// The units of what is on offer.
    pub(crate) fn units_of(&self, offer: &Offer<K, V>) -> u32 {
        match (offer.key(), &offer.value) {
            (Some(key), Some(value)) if P::WEIGHS => self.core.rules.units::<P>(key, value),
            _ => 1,
        }
    }

    /// Replaces the value of a key with this hash, which is put in place of the new one; the time to live starts again.
    #[inline]
    pub(crate) fn replace(&mut self, slot: u32, hash: u64, value: &mut V, ttl: Option<u64>) {
        // The user's code comes first: if it panics, nothing has happened, and the value is still the caller's.
        let weight = self.weigh(slot, Some(value));
        self.overtake_refresh(slot);
        self.extras.status().meter.inserts.add();
        self.table.hit_mut(slot);
        self.restart(slot, hash, ttl);
        self.table.change(slot, |_, old| std::mem::swap(old, value));
        self.reweighed(slot, hash, weight);
    }

    /// Starts the time to live of an entry, whose key has this hash, with this length or the declared one.
    #[inline]
    pub(crate) fn restart(&mut self, slot: u32, hash: u64, ttl: Option<u64>) {
        if StampOf::<P>::EXPIRES {
            let is_first = match ttl {
                None => {
                    let deadline = self.now.saturating_add(self.core.ttl_for(hash));
                    self.table.restart(slot, self.now, deadline, self.core.idle)
                }
                Some(ttl) => self.table.restart_own(slot, self.now, self.core.clock.lengthened(ttl), self.core.idle),
            };
            if P::Eviction::BOUNDED && is_first {
                self.tell_earliest();
            }
        }
    }

    /// Takes out the entry of an occupied slot, whose hash may be known. Says whether there is one; it is then to be [left](Session::leave).
    pub(crate) fn remove(&mut self, slot: u32, hash: Option<u64>) -> bool {
        self.overtake_refresh(slot);
        self.lose(slot, hash)
    }

    /// As [`remove`](Session::remove), but hands the entry out.
    pub(crate) fn remove_to(&mut self, slot: u32, hash: Option<u64>, handed: &mut Handed<K, V>) -> bool {
        self.overtake_refresh(slot);
        let units = self.take(slot, hash, Some(handed));
        units.inspect(|&units| self.give_units(units)).is_some()
    }

    /// The entry of an occupied slot is about to be changed or taken out by a call: what is being loaded in its place, if anything, is not stored.
    #[inline]
    pub(crate) fn overtake_refresh(&self, slot: u32) {
        if P::REFRESH_AFTER.is_some()
            && self.extras.status().loads.get() != 0
            && let Some(entry) = self.table.get(slot)
        {
            self.core.overtake_refresh(entry.key());
        }
    }

    /// As [`remove`](Session::remove), of an entry that has to go by itself: what is being loaded for its key is wanted none the less.
    fn lose(&mut self, slot: u32, hash: Option<u64>) -> bool {
        let units = self.take(slot, hash, None);
        units.inspect(|&units| self.give_units(units)).is_some()
    }

    /// Takes out an entry, and hands it out where it is to be. Answers its units of capacity, which stay taken.
    fn take(&mut self, slot: u32, hash: Option<u64>, handed: Option<&mut Handed<K, V>>) -> Option<u64> {
        let hash = match hash {
            Some(hash) => hash,
            None => self.table.hash_of(slot, |key| self.core.hash_of(key))?,
        };
        let weight = self.table.weight::<P>(slot);
        let is_removed = match handed {
            Some(handed) => self.table.hand(slot, hash, handed),
            None => self.table.remove(slot, hash, self.garbage.kept()),
        };
        if !is_removed {
            return None;
        }
        self.extras.status().meter.stored.set(self.table.len() as u64);
        self.add_weight(-i64::from(weight));
        Some(weight.into())
    }

    pub(crate) fn expire(&mut self, slot: u32) {
        if self.lose(slot, None) {
            self.extras.status().meter.expired.add();
            self.leave(Cause::Expired);
        }
    }

    /// Looks through so many buckets that are due, but removes only so many entries. Says whether nothing is due any more.
    #[inline]
    pub(crate) fn sweep(&mut self, buckets: usize, entries: usize) -> bool {
        !self.table.is_due(self.now) || self.sweep_due(buckets, entries)
    }

    #[cold]
    #[inline(never)]
    fn sweep_due(&mut self, mut buckets: usize, mut entries: usize) -> bool {
        while self.table.is_due(self.now) {
            if buckets == 0 || entries == 0 {
                return false;
            }
            match self.table.next_expired(self.now, self.core.idle) {
                Some(slot) => {
                    entries -= 1;
                    self.expire(slot);
                }
                None => buckets -= 1,
            }
        }
        true
    }

    /// Takes an entry out of this shard to make room: one that has expired, or else the next victim. Answers the units that it had.
    /// Where the eviction names none that may leave, so many slots are searched for one.
    pub(crate) fn evict_one(&mut self, searched: u32) -> Option<u64> {
        let may_have_expired = StampOf::<P>::EXPIRES && self.table.may_have_expired(self.now);
        let mut looks = LOOKS_FOR_ROOM;
        if may_have_expired && let Some(units) = self.take_expired(false, &mut looks) {
            return Some(units);
        }
        let victim = self.table.victim::<P>(self.core.rules.is_evictable, searched);
        let is_alive = victim.is_none_or(|victim| self.is_alive(victim));
        // The victim has mostly expired where others have, and is at hand.
        if may_have_expired
            && is_alive
            && let Some(units) = self.take_expired(true, &mut looks)
        {
            return Some(units);
        }
        if StampOf::<P>::EXPIRES
            && is_alive
            && self.core.expired.may_be(self.now)
            && let Some(units) = self.take_expired_elsewhere()
        {
            return Some(units);
        }
        let victim = victim?;
        let hash = self.table.hash_of(victim, |key| self.core.hash_of(key))?;
        self.table.evicted(victim, hash);
        let units = self.take(victim, Some(hash), None)?;
        if is_alive {
            self.extras.status().meter.evicted.add();
            self.leave(Cause::Evicted);
        } else {
            // It was not found by then, but it can't be said to have left for another one.
            self.extras.status().meter.expired.add();
            self.leave(Cause::Expired);
        }
        Some(units)
    }

    /// Takes out an entry that has expired, if one is found in so many buckets, and answers its units, which stay taken.
    #[cold]
    pub(crate) fn take_expired(&mut self, searches: bool, looks: &mut usize) -> Option<u64> {
        let found = self.table.any_expired(self.now, self.core.idle, searches, looks);
        // The search may have found that nothing expires before a later time.
        self.extras.status().earliest.set(self.table.tell_earliest());
        let slot = found?;
        let units = self.take(slot, None, None)?;
        self.extras.status().meter.expired.add();
        self.leave(Cause::Expired);
        Some(units)
    }

    pub(crate) fn count_evicted(&self) {
        self.extras.status().meter.evicted.add();
    }

    /// Evicts the entry of an occupied slot, with this hash.
    pub(crate) fn evict(&mut self, slot: u32, hash: u64) {
        if self.lose(slot, Some(hash)) {
            self.extras.status().meter.evicted.add();
            self.leave(Cause::Evicted);
        }
    }

    /// Brings the table nearer to the size that it should have, by so many buckets.
    #[inline]
    pub(crate) fn step(&mut self, steps: usize) -> Result<(), NoMemory> {
        if self.table.needs_step() { self.core.steps(self.extras.view(), self.table, steps, self.now) } else { Ok(()) }
    }
}

#[cold]
#[track_caller]
pub(crate) fn no_memory() -> ! {
    panic!("no memory for one more entry; the map is as it was before")
}
