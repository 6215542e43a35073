//! Storage, expiry and eviction of one field in one shard.
//!
//! An index from hash to slot number, and the slots (see [`slab`]). The index keeps 32 bits of each hash, so that it grows
//! without asking any key for its hash again: no user code runs but `Eq` on a lookup. The index is `hashbrown`'s; it and the
//! slots grow and shrink in one step each. The layers above know nothing of it.

mod slab;

use crate::{
    Policy,
    evict::Eviction,
    expiry::{Expiry, Stamp, Wheel},
};
use hashbrown::HashTable;
use slab::Slab;
use std::{borrow::Borrow, fmt};

type StampOf<P> = <<P as Policy>::Expiry as Expiry>::Stamp;

/// A table shrinks when it has this many times more room than entries...
const SPARSE: usize = 4;
/// ...and more slots than this.
const SMALL: usize = 64;

/// One shard's part of a map.
pub struct Table<K, V, P: Policy> {
    index: HashTable<Pointer>,
    slots: Slab<Entry<K, V, StampOf<P>>>,
    eviction: P::Eviction,
    wheel: Wheel,
}

/// Where the entry of a hash is.
#[derive(Clone, Copy, Debug)]
struct Pointer {
    hash: u32,
    slot: u32,
}

impl Pointer {
    /// What the index is asked with: it takes its position from the lowest bits and its tag from the topmost.
    #[inline]
    fn spread(hash: u32) -> u64 {
        u64::from(hash) | u64::from(hash) << 32
    }
}

#[derive(Debug)]
pub(crate) struct Entry<K, V, T> {
    pub(crate) stamp: T,
    pub(crate) key: K,
    pub(crate) value: V,
}

/// Its size, not its contents.
impl<K, V, P: Policy> fmt::Debug for Table<K, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<K, V, P: Policy> Table<K, V, P> {
    pub(crate) fn new() -> Self {
        Table {
            index: HashTable::new(),
            slots: Slab::default(),
            eviction: P::Eviction::default(),
            wheel: Wheel::default(),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// One more than the largest slot number in use.
    #[inline]
    pub(crate) fn slots(&self) -> u32 {
        // The slab has at most 2^32 - 1.
        u32::try_from(self.slots.slots()).unwrap_or(u32::MAX)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is kept")]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let hash = hash as u32;
        let same =
            |at: &Pointer| at.hash == hash && self.slots.get(at.slot).is_some_and(|entry| entry.key.borrow() == key);
        self.index.find(Pointer::spread(hash), same).map(|at| at.slot)
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Entry<K, V, StampOf<P>>> {
        self.slots.get(slot)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Entry<K, V, StampOf<P>>> {
        self.slots.get_mut(slot)
    }

    /// The entry was used, under a shared lock.
    #[inline]
    pub(crate) fn hit(&self, slot: u32) {
        self.eviction.hit(slot);
    }

    /// The entry was used, under an exclusive lock.
    #[inline]
    pub(crate) fn hit_mut(&mut self, slot: u32) {
        self.eviction.hit_mut(slot);
    }

    /// Whether there is a slot number left for one more entry.
    pub(crate) fn has_room(&self) -> bool {
        self.slots.has_room()
    }

    /// Stores an entry whose key is not there yet.
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is kept")]
    pub(crate) fn insert(&mut self, hash: u64, key: K, value: V, stamp: StampOf<P>) -> u32 {
        let hash = hash as u32;
        let slot = self.slots.insert(hash, Entry { stamp, key, value });
        self.index.insert_unique(Pointer::spread(hash), Pointer { hash, slot }, |at| Pointer::spread(at.hash));
        self.eviction.inserted(slot);
        slot
    }

    /// Removes the entry of an occupied slot.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<(K, V)> {
        let hash = self.slots.hash(slot)?;
        let Entry { key, value, .. } = self.slots.remove(slot)?;
        if let Ok(at) = self.index.find_entry(Pointer::spread(hash), |at| at.slot == slot) {
            at.remove();
        }
        self.eviction.removed(slot);
        if StampOf::<P>::EXPIRES {
            self.wheel.unschedule(slot);
        }
        Some((key, value))
    }

    /// The slot of the entry that should leave next. `None` only where there is no entry, or none is ever to leave: if an
    /// eviction of the user's names none, or one that is not there, some entry is taken all the same.
    pub(crate) fn victim(&mut self) -> Option<u32> {
        if !P::Eviction::EVICTS || self.len() == 0 {
            return None;
        }
        let named = self.eviction.victim().filter(|&slot| self.slots.get(slot).is_some());
        named.or_else(|| (0..self.slots()).rev().find(|&slot| self.slots.get(slot).is_some()))
    }

    /// Has the sweep come back to the entry when it is due, as of `now` and with this idle time.
    pub(crate) fn schedule(&mut self, slot: u32, now: u64, idle: u64) {
        if let Some(entry) = self.slots.get(slot) {
            self.wheel.schedule(slot, entry.stamp.deadline(idle), now);
        }
    }

    /// Looks at one entry that is due: its slot if it has expired. One that was used or given more time since it was
    /// scheduled is put off. Nothing is left to look at when nothing [is due](Table::is_due).
    pub(crate) fn next_expired(&mut self, now: u64, idle: u64) -> Option<u32> {
        let slot = self.wheel.due(now)?;
        let deadline = self.slots.get(slot)?.stamp.deadline(idle);
        if deadline <= now {
            return Some(slot);
        }
        self.wheel.schedule(slot, deadline, now);
        None
    }

    /// Has [`next_expired`](Table::next_expired) find everything that has expired, at the cost of looking at some entries
    /// that have not.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.wheel.hurry(now);
    }

    /// The earliest time at which [`next_expired`](Table::next_expired) may find something; `u64::MAX` is never.
    #[inline]
    pub(crate) fn due_at(&self) -> u64 {
        self.wheel.due_at()
    }

    /// Whether there is something for [`next_expired`](Table::next_expired) to look at.
    #[inline]
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let due_at = self.due_at();
        due_at <= now && due_at != u64::MAX
    }

    /// Whether so few slots are in use that the table should be compacted.
    #[inline]
    pub(crate) fn is_sparse(&self) -> bool {
        self.slots.slots() > SMALL && self.slots.slots() / SPARSE > self.slots.len()
    }

    /// Gives up to `steps` slots back, by moving entries from the end to vacant slots, but keeps `slack` vacant ones.
    /// Says whether there is more to do.
    pub(crate) fn compact(&mut self, steps: usize, slack: usize) -> bool {
        for _ in 0..steps {
            if self.slots.slots() <= self.slots.len() + slack {
                self.release(slack);
                return false;
            }
            if let Some((from, to)) = self.slots.compact() {
                self.follow(from, to);
            }
        }
        self.release(slack.max(self.slots.capacity() / 2));
        true
    }

    /// Gives memory back that is beyond the slots and `slack` more.
    fn release(&mut self, slack: usize) {
        let slots = self.slots.slots();
        if self.slots.capacity() > slots + slack {
            self.slots.shrink_to(slots);
            self.eviction.shrink_to(slots);
            self.wheel.shrink_to(slots);
            self.index.shrink_to(slots, |at| Pointer::spread(at.hash));
        }
    }

    /// Tells everyone who knows the entry of slot `from` that it lives in `to` now.
    fn follow(&mut self, from: u32, to: u32) {
        if let Some(hash) = self.slots.hash(to)
            && let Some(at) = self.index.find_mut(Pointer::spread(hash), |at| at.slot == from)
        {
            at.slot = to;
        }
        self.eviction.moved(from, to);
        if StampOf::<P>::EXPIRES {
            self.wheel.moved(from, to);
        }
    }

    /// All entries, out of their slots.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = Entry<K, V, StampOf<P>>> {
        self.slots.into_entries()
    }
}
