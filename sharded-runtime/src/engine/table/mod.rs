//! Storage, expiry and eviction of one field in one shard.
//!
//! [`raw`] stores the entries and says in which slot each is; here is what is known about slots: which expire (see [`due`]), and which the
//! eviction lets go next. A slot stays an entry's until a step of growing or shrinking moves it, after which everyone who knows it
//! by its number is told.

mod due;
#[allow(unsafe_code, reason = "raw memory")]
mod raw;
mod weights;

pub(crate) use raw::{
    Copied, Cursor, Entries, Found, Handed, Look, NoMemory, Offer, Peek, Place, Put, Removed, Shown, StampOf, Stored,
    Use, UseFetched,
};
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use raw::{Copies, View};

use crate::{
    Policy, StorageOf,
    evict::{Eviction, Field},
    expiry::Stamp,
    lock::Lock,
    memory::arena::{Arena, Heap, Home},
};
use allocator_api2::boxed::Box;
use due::Due;
use raw::{Moves, RawTable};
use std::{borrow::Borrow, fmt, mem, sync::Arc};
use weights::Weights;

/// Entries in a row that readers without a lock have used since they were last named, before one leaves all the same.
const MAX_CHANCES: usize = 64;

/// Entries that the eviction names in a row and that may not be evicted, before the slots are searched for one that may.
const MAX_PINNED: usize = 8;
/// Slots that one search looks at, in the shard of an entry that comes and in another.
pub(crate) const SEARCHED: u32 = 4096;
pub(crate) const SEARCHED_ELSEWHERE: u32 = 256;

/// One shard's part of a map.
#[repr(C)] // The most used first.
pub struct Table<K, V, P: Policy> {
    raw: RawTable<K, V, P>,
    eviction: P::Eviction,
    /// Once there is an entry that expires.
    due: Option<Box<Due, Heap>>,
    /// Once there is an entry, where entries are weighed.
    weights: Option<Box<Weights, Heap>>,
    /// Where that search goes on.
    search_from: u32,
    /// Whether the last one was in vain, and nothing was put in since: what the eviction names is asked no more.
    is_pinned: bool,
    /// The shortest lifetime of entries that are not given one of their own.
    lifetime: u64,
}

/// The table of a map with this policy.
pub(crate) type TableOf<K, V, P> = Table<K, V, StorageOf<P>>;

/// Its size, not its contents.
impl<K, V, P: Policy> fmt::Debug for Table<K, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<K, V, P: Policy> Table<K, V, P> {
    /// The arena for such tables.
    pub(crate) fn arena(home: Home) -> Arena {
        RawTable::<K, V, P>::arena(home)
    }

    /// `lifetime` is the shortest one of entries that are not given one of their own.
    pub(crate) fn new(arena: Arc<Arena>, field: &Field, lifetime: u64) -> Self {
        let mut eviction = P::Eviction::default();
        eviction.settle(arena.heap(), field);
        Table {
            raw: RawTable::new(arena, field.most_entries()),
            eviction,
            due: None,
            weights: None,
            search_from: 0,
            is_pinned: false,
            lifetime,
        }
    }

    /// Takes all entries out, with their memory. The result has no readers without a lock.
    pub(crate) fn take_all(&mut self, field: &Field, view: Shown<'_, K, V, P>) -> Self {
        // The user's code first.
        let mut eviction = P::Eviction::default();
        eviction.settle(self.raw.heap(), field);
        Table {
            raw: self.raw.take_all(view),
            eviction: mem::replace(&mut self.eviction, eviction),
            due: self.due.take(),
            weights: self.weights.take(),
            search_from: mem::take(&mut self.search_from),
            is_pinned: mem::take(&mut self.is_pinned),
            lifetime: self.lifetime,
        }
    }

    /// Where its memory is: the address and the bytes of each piece from this one on.
    pub(crate) fn pieces(&self, from: usize) -> impl Iterator<Item = (usize, usize)> {
        let buckets = (0..).map_while(|index| self.raw.piece(index));
        let eviction = (0..).map_while(|index| self.eviction.part(index));
        let due = self.due.iter().flat_map(|due| (0..).map_while(|index| due.part(index)));
        let weights = self.weights.iter().flat_map(|weights| (0..).map_while(|index| weights.part(index)));
        buckets.chain(eviction).chain(due).chain(weights).skip(from)
    }

    #[inline]
    fn due_mut(&mut self) -> &mut Due {
        match &mut self.due {
            Some(due) => due,
            none => none.insert(Due::begin(self.raw.heap(), self.lifetime)),
        }
    }

    /// What the entry of an occupied slot takes of the capacity, as it was last weighed.
    #[inline]
    pub(crate) fn weight<Q: Policy>(&self, slot: u32) -> u32 {
        match &self.weights {
            Some(weights) if Q::WEIGHS => weights.of(slot),
            _ => u32::from(!Q::WEIGHS),
        }
    }

    /// Notes what the entry of an occupied slot weighs.
    #[inline]
    pub(crate) fn set_weight<Q: Policy>(&mut self, slot: u32, weight: u32) {
        if Q::WEIGHS {
            let weights = match &mut self.weights {
                Some(weights) => weights,
                none => none.insert(Weights::begin(self.raw.heap())),
            };
            weights.set(slot, weight);
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<Found<'_, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.raw.find(hash, key)
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<Found<'_, K, V, P>> {
        self.raw.get(slot)
    }

    /// Lends the value of a key for changing, see [`RawTable::find_change`].
    #[inline]
    pub(crate) fn find_change<Q, F, R>(&mut self, hash: u64, key: &Q, change: F) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        self.raw.find_change(hash, key, change)
    }

    /// Lends the value of a slot for changing.
    #[inline]
    pub(crate) fn change<R>(&mut self, slot: u32, change: impl FnOnce(&K, &mut V) -> R) -> Option<R> {
        self.raw.change(slot, change)
    }

    /// The entry was used, under a shared lock.
    #[inline]
    pub(crate) fn hit(&self, slot: u32) {
        if !self.raw.mark(slot) {
            self.eviction.hit(slot);
        }
    }

    /// The entry was used, under an exclusive lock.
    #[inline]
    pub(crate) fn hit_mut(&mut self, slot: u32) {
        // Where uses are marked, all are, so that one is not counted twice; but an exact order is kept as exact as can be.
        if P::Eviction::REORDERS || !self.raw.mark(slot) {
            self.eviction.hit_mut(slot);
        }
    }

    /// Whether there is a slot number left for one more entry.
    pub(crate) fn has_room(&self) -> bool {
        self.raw.has_room()
    }

    /// A key with this hash, which is not there, is about to be inserted: tells the eviction, before it makes room.
    #[inline]
    pub(crate) fn missed(&mut self, hash: u64) {
        self.eviction.missed(hash);
    }

    /// Stores the entry on offer, of this weight, whose key is not there yet. Says in which slot. Where entries expire, its time is then to
    /// be [started](Table::restart).
    pub(crate) fn insert<Q: Policy>(
        &mut self,
        hash: u64,
        offer: &mut Offer<K, V>,
        weight: u32,
        view: Shown<'_, K, V, P>,
    ) -> Result<u32, NoMemory> {
        let slot = self.raw.insert(hash, offer, view)?;
        self.set_weight::<Q>(slot, weight);
        self.eviction.inserted(slot);
        if Q::PINS {
            self.is_pinned = false;
        }
        Ok(slot)
    }

    /// Stores what is on offer, see [`RawTable::put`]: in a table whose entries neither expire nor are evicted.
    #[inline]
    pub(crate) fn put(&mut self, hash: u64, offer: &mut Offer<K, V>) -> Put
    where
        K: Eq,
    {
        self.raw.put(hash, offer)
    }

    /// As [`put`](Table::put), of a key that is not there.
    #[inline]
    pub(crate) fn put_new(&mut self, hash: u64, offer: &mut Offer<K, V>) -> Put {
        self.raw.put_new(hash, offer)
    }

    /// Removes the entry of a key if a condition holds for its value, and hands it out: from a table whose entries neither expire nor are evicted.
    #[inline]
    pub(crate) fn hand_if<Q>(
        &mut self,
        hash: u64,
        key: &Q,
        condition: impl FnOnce(&V) -> bool,
        handed: &mut Handed<K, V>,
    ) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.raw.hand_if(hash, key, condition, handed)
    }

    /// Starts the time to live of an entry, of at least the declared length. Says whether it expires before what was
    /// [told](Table::tell_earliest) of the table.
    #[inline]
    pub(crate) fn restart(&mut self, slot: u32, now: u64, deadline: u64, idle: u64) -> bool {
        if StampOf::<P>::EXPIRES
            && let Some(entry) = self.raw.get(slot)
        {
            entry.stamp().set(now, deadline);
            let deadline = entry.stamp().deadline(idle);
            return self.due_mut().note(RawTable::<K, V, P>::bucket_of(slot), deadline, now);
        }
        false
    }

    /// As [`restart`](Table::restart), with a length of the entry's own.
    pub(crate) fn restart_own(&mut self, slot: u32, now: u64, lifetime: u64, idle: u64) -> bool {
        let Some(entry) = self.raw.get(slot) else { return false };
        entry.stamp().set(now, now.saturating_add(lifetime));
        let deadline = entry.stamp().deadline(idle);
        self.due_mut().note_own(RawTable::<K, V, P>::bucket_of(slot), deadline, lifetime, now)
    }

    /// Has an entry count as last used then, which was before now. Says the same as [`restart`](Table::restart).
    #[cfg(feature = "serde")]
    pub(crate) fn used_at(&mut self, slot: u32, then: u64, now: u64, idle: u64) -> bool {
        let Some(entry) = self.raw.get(slot) else { return false };
        let stamp = entry.stamp();
        stamp.set(then, stamp.deadline(u64::MAX));
        let deadline = stamp.deadline(idle);
        self.due_mut().note(RawTable::<K, V, P>::bucket_of(slot), deadline, now)
    }

    /// No entry expires before. It is to be told again when one is [restarted](Table::restart) that does.
    pub(crate) fn tell_earliest(&mut self) -> u64 {
        self.due.as_mut().map_or(u64::MAX, |due| due.tell_earliest())
    }

    /// The hash of an occupied slot's entry, or what [`remove`](Table::remove) needs of it.
    #[inline]
    pub(crate) fn hash_of(&self, slot: u32, rehash: impl Fn(&K) -> u64 + Copy) -> Option<u64> {
        self.raw.hash_of(slot, rehash)
    }

    /// Removes the entry of an occupied slot, with this hash, see [`RawTable::remove`].
    pub(crate) fn remove(&mut self, slot: u32, hash: u64, removed: &mut Removed<K, V>) -> bool {
        let is_removed = self.raw.remove(slot, hash, removed);
        if is_removed {
            self.eviction.removed(slot);
        }
        is_removed
    }

    /// As [`remove`](Table::remove), but hands the entry out.
    pub(crate) fn hand(&mut self, slot: u32, hash: u64, handed: &mut Handed<K, V>) -> bool {
        let is_removed = self.raw.hand(slot, hash, handed);
        if is_removed {
            self.eviction.removed(slot);
        }
        is_removed
    }

    /// Tells the eviction that an entry, with this hash, is going to be [removed](Table::remove) because it was the [victim](Table::victim).
    #[inline]
    pub(crate) fn evicted(&mut self, slot: u32, hash: u64) {
        self.eviction.evicted(slot, hash);
    }

    /// The slot of the entry that should leave next. `None` only where there is no entry, or none is ever to leave: if an
    /// eviction of the user's names none, or one that is not there, some entry is taken all the same. Where some in a row that it names
    /// may not be evicted, so many slots are searched for one that may, from where the last search ended; if there is none among those, there is none.
    pub(crate) fn victim<Q: Policy>(&mut self, is_evictable: impl Fn(&K, &V) -> bool, searched: u32) -> Option<u32> {
        if !P::Eviction::EVICTS || self.len() == 0 {
            return None;
        }
        let mut named = None;
        let mut pinned = 0;
        for _ in 0..MAX_CHANCES {
            if Q::PINS && (self.is_pinned || pinned == MAX_PINNED) {
                named = None;
                break;
            }
            if let Some(slot) = self.eviction.likely_victim() {
                self.raw.prefetch(slot);
            }
            self.tell_marks();
            named = self.eviction.victim().filter(|&slot| self.raw.get(slot).is_some());
            match named.and_then(|slot| self.raw.get(slot)) {
                // The eviction learns only now that it was used.
                Some(entry) if entry.unmark() => self.eviction.hit_mut(entry.slot()),
                // What must stay is as if it were in use.
                Some(entry) if Q::PINS && !is_evictable(entry.key(), entry.value()) => {
                    self.eviction.hit_mut(entry.slot());
                    pinned += 1;
                }
                _ => break,
            }
        }
        let may_leave =
            |&slot: &u32| self.raw.get(slot).is_some_and(|entry| !Q::PINS || is_evictable(entry.key(), entry.value()));
        if Q::PINS {
            // An eviction need not name every entry in turn: it may have names for a part of them only.
            let slots = self.raw.slots();
            let from = if self.search_from < slots { self.search_from } else { 0 };
            let mut slots_searched = (from..slots).chain(0..from).take(searched as usize);
            return named.filter(may_leave).or_else(|| {
                let found = slots_searched.find(may_leave);
                self.search_from = found.unwrap_or(from.wrapping_add(searched) % slots.max(1));
                self.is_pinned = found.is_none();
                found
            });
        }
        named.or_else(|| (0..self.raw.slots()).rev().find(may_leave))
    }

    /// Tells the eviction which of the entries that it is going to look at were used by readers without a lock.
    #[inline]
    fn tell_marks(&mut self) {
        if <P::Lock as Lock>::READS_RACE {
            let mut nth = 0;
            loop {
                let slots = self.eviction.looks_at(nth);
                if slots.is_empty() {
                    break;
                }
                self.raw.unmark(slots, |slot| self.eviction.hit_mut(slot));
                nth += 1;
            }
        }
    }

    /// Looks at one bucket of what is due: the slot of an entry in it that has expired. Nothing is left to look at when
    /// nothing [is due](Table::is_due).
    pub(crate) fn next_expired(&mut self, now: u64, idle: u64) -> Option<u32> {
        let due = self.due.as_mut()?;
        let (bucket, earliest) = due.next_bucket(now)?;
        match self.raw.first_expired(bucket, now, idle, earliest) {
            Ok(slot) => Some(slot),
            Err(earliest) => {
                due.looked_through(earliest, now);
                None
            }
        }
    }

    /// Whether there may be an entry that has expired.
    #[inline]
    pub(crate) fn may_have_expired(&self, now: u64) -> bool {
        self.due.as_ref().is_some_and(|due| due.may_have_expired(now))
    }

    /// Looks at so many buckets that are due, and if it `searches` at those that are not: the slot of an entry in them that has expired.
    #[cold]
    pub(crate) fn any_expired(&mut self, now: u64, idle: u64, searches: bool, looks: &mut usize) -> Option<u32> {
        while *looks > 0 {
            if !self.due.as_mut()?.may_make_room(now, searches) {
                return None;
            }
            *looks -= 1;
            let expired = self.next_expired(now, idle);
            if expired.is_some() {
                return expired;
            }
        }
        None
    }

    /// Has [`next_expired`](Table::next_expired) find everything that has expired by now in some part of the table; answers where
    /// the next part begins.
    pub(crate) fn hurry(&mut self, from: usize, now: u64) -> Option<usize> {
        self.due.as_mut()?.hurry(from, now)
    }

    /// The earliest time at which [`next_expired`](Table::next_expired) may find something; `u64::MAX` is never.
    #[inline]
    pub(crate) fn due_at(&self) -> u64 {
        match &self.due {
            Some(due) => due.due_at(),
            None => u64::MAX,
        }
    }

    /// Whether there is something for [`next_expired`](Table::next_expired) to look at.
    #[inline]
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let due_at = self.due_at();
        due_at <= now && due_at != u64::MAX
    }

    /// Whether the table should be larger or smaller by now.
    #[inline]
    pub(crate) fn needs_step(&self) -> bool {
        self.raw.needs_step()
    }

    /// Whether it could not grow for want of memory, and takes no more entries.
    pub(crate) fn is_overdue(&self) -> bool {
        self.raw.is_overdue()
    }

    /// Has the next [steps](Table::step) make the table as small as it can be.
    pub(crate) fn aim_to_fit(&mut self) {
        self.raw.aim_to_fit();
    }

    /// Brings the table one bucket nearer to the size that it should have. At most the entries of that bucket move, and those
    /// whose hashes collide with theirs. Says whether it could.
    ///
    /// A panic in `rehash` leaves the table as it was.
    pub(crate) fn step(
        &mut self,
        rehash: impl Fn(&K) -> u64 + Copy,
        now: u64,
        idle: u64,
        view: Shown<'_, K, V, P>,
    ) -> Result<(), NoMemory> {
        let slots = self.raw.slots();
        let mut moves = Moves::new();
        let stepped = self.raw.step(rehash, &mut moves, view);
        for (from, to) in moves {
            if let Some(weights) = &mut self.weights {
                weights.moved(from, to);
            }
            self.eviction.moved(from, to);
            if StampOf::<P>::EXPIRES
                && let Some(entry) = self.raw.get(to)
            {
                let deadline = entry.stamp().deadline(idle);
                self.due_mut().note_moved(RawTable::<K, V, P>::bucket_of(to), deadline, now);
            }
        }
        if self.raw.slots() < slots {
            self.eviction.shrink_to(self.raw.slots() as usize);
            if let Some(due) = &mut self.due {
                due.shrink_to(self.raw.buckets());
            }
            if let Some(weights) = &mut self.weights {
                weights.shrink_to(self.raw.slots());
            }
        }
        stepped
    }

    /// Collects the slots of entries, see [`RawTable::walk`].
    pub(crate) fn walk(
        &self,
        from: Cursor,
        enough: usize,
        rehash: impl Fn(&K) -> u64 + Copy,
        slots: &mut Vec<u32>,
    ) -> Option<Cursor> {
        self.raw.walk(from, enough, rehash, slots)
    }

    /// All entries, out of their slots.
    pub(crate) fn into_entries(self, idle: u64) -> Entries<K, V, P> {
        self.raw.into_entries(idle)
    }
}
