//! Where the entries of a table are: numbered slots, of which the vacant ones are chained.
//!
//! An entry keeps its number until [`Slab::compact`] moves it, so that a visit can be interrupted and go on, and queues can
//! name entries by number.

use crate::list::NIL;

/// The most slots of one shard.
pub(crate) const MAX_SLOTS: usize = NIL as usize;

#[derive(Debug)]
enum Slot<T> {
    /// The hash lies in what would be padding if it were part of the entry.
    Occupied {
        hash: u32,
        entry: T,
    },
    Vacant {
        prev: u32,
        next: u32,
    },
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The first vacant slot.
    vacant: u32,
    occupied: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { slots: Vec::new(), vacant: NIL, occupied: 0 }
    }
}

impl<T> Slab<T> {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.occupied
    }

    /// The number of slots, vacant ones too.
    #[inline]
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        match self.slots.get(slot as usize) {
            Some(Slot::Occupied { entry, .. }) => Some(entry),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        match self.slots.get_mut(slot as usize) {
            Some(Slot::Occupied { entry, .. }) => Some(entry),
            _ => None,
        }
    }

    pub(crate) fn hash(&self, slot: u32) -> Option<u32> {
        match self.slots.get(slot as usize) {
            Some(Slot::Occupied { hash, .. }) => Some(*hash),
            _ => None,
        }
    }

    /// Whether there is a number left for one more entry.
    pub(crate) fn has_room(&self) -> bool {
        self.vacant != NIL || self.slots.len() < MAX_SLOTS
    }

    /// # Panics
    ///
    /// Unless it [has room](Slab::has_room).
    pub(crate) fn insert(&mut self, hash: u32, entry: T) -> u32 {
        let entry = Slot::Occupied { hash, entry };
        let slot = match self.vacant {
            NIL => {
                let slot = u32::try_from(self.slots.len()).ok().filter(|&slot| slot != NIL);
                let slot = slot.expect("a shard holds at most 2^32 - 1 entries");
                self.slots.push(entry);
                slot
            }
            vacant => {
                self.unchain(vacant);
                self.slots[vacant as usize] = entry;
                vacant
            }
        };
        self.occupied += 1;
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        self.get(slot)?;
        let vacant = Slot::Vacant { prev: NIL, next: self.vacant };
        let Slot::Occupied { entry, .. } = std::mem::replace(&mut self.slots[slot as usize], vacant) else {
            unreachable!()
        };
        if let Some(Slot::Vacant { prev, .. }) = self.slots.get_mut(self.vacant as usize) {
            *prev = slot;
        }
        self.vacant = slot;
        self.occupied -= 1;
        Some(entry)
    }

    /// Drops the last slot, after its entry, if it has one, moved to a vacant slot: then `Some((from, to))`.
    pub(crate) fn compact(&mut self) -> Option<(u32, u32)> {
        debug_assert!(self.occupied < self.slots.len());
        let last = u32::try_from(self.slots.len() - 1).unwrap_or(NIL);
        if self.get(last).is_none() {
            self.unchain(last);
            self.slots.pop();
            return None;
        }
        let to = self.vacant;
        self.unchain(to);
        if let Some(entry) = self.slots.pop() {
            self.slots[to as usize] = entry;
        }
        Some((last, to))
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    pub(crate) fn shrink_to(&mut self, slots: usize) {
        self.slots.shrink_to(slots);
    }

    /// Takes a slot out of the chain of vacant ones.
    fn unchain(&mut self, slot: u32) {
        let Slot::Vacant { prev, next } = self.slots[slot as usize] else { unreachable!("slot {slot} is occupied") };
        match self.slots.get_mut(prev as usize) {
            Some(Slot::Vacant { next: of_prev, .. }) => *of_prev = next,
            _ => self.vacant = next,
        }
        if let Some(Slot::Vacant { prev: of_next, .. }) = self.slots.get_mut(next as usize) {
            *of_next = prev;
        }
    }

    pub(crate) fn into_entries(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|slot| match slot {
            Slot::Occupied { entry, .. } => Some(entry),
            Slot::Vacant { .. } => None,
        })
    }
}
