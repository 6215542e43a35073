//! A shard while its exclusive lock is held.

use super::{
    core::{Core, Moving, Open, STEPS_PER_WRITE},
    garbage::Garbage,
};
use crate::{
    Policy,
    evict::Eviction,
    expiry::Stamp,
    removal::Cause,
    table::{NoMemory, Offer, StampOf, Table},
    tally::Event,
};
use std::borrow::Borrow;

/// Due entries that an insert looks at, for one that has expired, before it evicts one that has not.
const LOOKS_FOR_ROOM: usize = 64;

/// A shard while its exclusive lock is held.
pub(super) struct Locked<'a, K, V, P: Policy, S> {
    pub(super) core: &'a Core<K, V, P, S>,
    pub(super) open: &'a Open,
    pub(super) table: &'a mut Table<K, V, P>,
    pub(super) now: u64,
    pub(super) garbage: &'a mut Garbage<K, V>,
}

impl<K, V, P: Policy, S> Locked<'_, K, V, P, S> {
    /// The slot of the live entry of a key.
    #[inline]
    pub(super) fn find<Q>(&mut self, hash: u64, key: &Q) -> Option<u32>
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

    /// As [`find`](Locked::find), of what is on offer.
    #[inline]
    pub(super) fn find_offered(&mut self, hash: u64, offer: &Offer<K, V>) -> Option<u32>
    where
        K: Eq,
    {
        self.find(hash, offer.key()?)
    }

    /// As [`find`](Locked::find), and counts as a use.
    #[inline]
    pub(super) fn find_to_use<Q>(&mut self, hash: u64, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = self.find(hash, key);
        match found {
            Some(slot) => {
                self.core.count(Event::Hit);
                self.used(slot);
            }
            None => self.core.count(Event::Miss),
        }
        found
    }

    /// Lends the live value of a key for changing, as a use that is counted. Without one, gives back what was to be done.
    #[inline]
    pub(super) fn use_value<Q, F, R>(&mut self, hash: u64, key: &Q, change: F) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        match self.find_to_use(hash, key) {
            Some(slot) => Ok(self.change(slot, change)),
            None => Err(change),
        }
    }

    #[inline]
    pub(super) fn is_alive(&self, slot: u32) -> bool {
        !StampOf::<P>::EXPIRES
            || self.table.get(slot).is_some_and(|entry| entry.stamp().deadline(self.core.idle) > self.now)
    }

    #[inline]
    pub(super) fn used(&mut self, slot: u32) {
        if StampOf::<P>::TRACKS_ACCESS
            && let Some(entry) = self.table.get(slot)
        {
            entry.stamp().accessed(self.now);
        }
        self.table.hit_mut(slot);
    }

    /// Asks the time anew, after a closure of the user that may have taken long: what it made begins to live now.
    pub(super) fn ask_time(&mut self) {
        self.now = self.core.now();
    }

    /// Lends the value of a slot for changing.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    #[inline]
    pub(super) fn change<R>(&mut self, slot: u32, change: impl FnOnce(&mut V) -> R) -> R {
        self.table.change(slot, |_, value| change(value)).expect("a slot that was just found")
    }

    /// The value of a slot.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    pub(super) fn value(&self, slot: u32) -> &V {
        self.table.get(slot).expect("a slot that was just found").value()
    }

    /// As [`use_value`](Locked::use_value), of what is on offer.
    #[inline]
    pub(super) fn use_offered<F, R>(&mut self, hash: u64, offer: &Offer<K, V>, change: F) -> Result<R, F>
    where
        K: Eq,
        F: FnOnce(&mut V) -> R,
    {
        match offer.key() {
            Some(key) => self.use_value(hash, key, change),
            None => Err(change),
        }
    }

    /// As [`find_to_use`](Locked::find_to_use), of what is on offer.
    pub(super) fn find_offered_to_use(&mut self, hash: u64, offer: &Offer<K, V>) -> Option<u32>
    where
        K: Eq,
    {
        self.find_to_use(hash, offer.key()?)
    }

    /// Stores what is on offer, whose key is not there, for this long (or the declared ttl), unless it finds no room.
    #[must_use]
    pub(super) fn insert(&mut self, hash: u64, offer: &mut Offer<K, V>, ttl: Option<u64>) -> bool {
        if !self.table.has_room() {
            return false;
        }
        if let Some(budget) = &self.core.budget
            && !budget.take(&self.open.purse, || self.core.shards.all_open().map(|open| &open.purse))
            && !self.make_room()
        {
            if !P::Eviction::EVICTS {
                return false;
            }
            budget.overdraw();
        }
        if self.table.is_overdue() {
            // There may be memory by now.
            let _ = self.step(STEPS_PER_WRITE);
        }
        if let Some(entry) = offer.take() {
            let deadline = self.deadline(ttl);
            let inserted = {
                let moving = Moving { table: self.table, open: self.open };
                moving.table.insert(hash, entry, self.now, deadline, self.core.idle)
            };
            if let Err((key, value, NoMemory)) = inserted {
                *offer = Offer::new(key, value);
                if let Some(budget) = &self.core.budget {
                    budget.give(&self.open.purse);
                }
                no_memory();
            }
            self.core.count(Event::Insert);
            self.open.meter.stored.set(self.table.len() as u64);
        }
        true
    }

    /// Replaces a value; the time to live starts again.
    pub(super) fn replace(&mut self, slot: u32, value: V, ttl: Option<u64>) -> V {
        self.core.count(Event::Insert);
        self.table.hit_mut(slot);
        self.restart(slot, ttl);
        self.change(slot, |old| std::mem::replace(old, value))
    }

    /// Starts the time to live of an entry again, with this length or the declared one.
    pub(super) fn restart(&mut self, slot: u32, ttl: Option<u64>) {
        if StampOf::<P>::EXPIRES {
            self.table.restart(slot, self.now, self.deadline(ttl), self.core.idle);
        }
    }

    /// Takes out the entry of an occupied slot, whose hash may be known.
    pub(super) fn remove(&mut self, slot: u32, hash: Option<u64>) -> Option<(K, V)> {
        let removed = self.take(slot, hash)?;
        if let Some(budget) = &self.core.budget {
            budget.give(&self.open.purse);
        }
        Some(removed)
    }

    fn deadline(&self, ttl: Option<u64>) -> u64 {
        self.now.saturating_add(ttl.unwrap_or(self.core.ttl))
    }

    /// Takes out an entry, whose unit of capacity stays taken.
    fn take(&mut self, slot: u32, hash: Option<u64>) -> Option<(K, V)> {
        let hash = match hash {
            Some(hash) => hash,
            None => self.table.hash_of(slot, |key| self.core.hash_of(key))?,
        };
        let removed = self.table.remove(slot, hash);
        self.open.meter.stored.set(self.table.len() as u64);
        removed
    }

    pub(super) fn expire(&mut self, slot: u32) {
        if let Some(removed) = self.remove(slot, None) {
            self.open.meter.expired.add();
            self.leave(removed, Cause::Expired);
        }
    }

    /// Looks at so many due entries; says whether no more are left.
    pub(super) fn sweep(&mut self, steps: usize) -> bool {
        for _ in 0..steps {
            if !self.table.is_due(self.now) {
                return true;
            }
            if let Some(slot) = self.table.next_expired(self.now, self.core.idle) {
                self.expire(slot);
            }
        }
        !self.table.is_due(self.now)
    }

    /// Takes an entry out of this shard for one that comes in: one that has expired, or else the next victim. Its unit of
    /// capacity is the newcomer's.
    pub(super) fn make_room(&mut self) -> bool {
        for _ in 0..LOOKS_FOR_ROOM {
            if !StampOf::<P>::EXPIRES || !self.table.is_due(self.now) {
                break;
            }
            if let Some(slot) = self.table.next_expired(self.now, self.core.idle) {
                self.open.meter.expired.add();
                if let Some(expired) = self.take(slot, None) {
                    self.leave(expired, Cause::Expired);
                }
                return true;
            }
        }
        let Some(slot) = self.table.victim() else { return false };
        let is_alive = self.is_alive(slot);
        let Some(victim) = self.take(slot, None) else { return false };
        if is_alive {
            self.open.meter.evicted.add();
            self.leave(victim, Cause::Evicted);
        } else {
            // It was not due yet, but it can't be said to have left for another one.
            self.open.meter.expired.add();
            self.leave(victim, Cause::Expired);
        }
        true
    }

    /// Brings the table nearer to the size that it should have, by so many buckets.
    #[inline]
    pub(super) fn step(&mut self, steps: usize) -> Result<(), NoMemory> {
        if self.table.needs_step() { self.core.steps(self.open, self.table, steps, self.now) } else { Ok(()) }
    }
}

#[cold]
#[track_caller]
pub(super) fn no_memory() -> ! {
    panic!("no memory for one more entry; the map is as it was before")
}
