//! A table: its buckets, and the data about their slots.

use super::{
    due::{Due, Schedule},
    evictable::EvictableSearch,
    pieces::{NextPiece, Piece},
    raw::{self, Destination, Moves, NoMemory, Offer, RawTable, Slot, StampOf, ViewOf},
    weights::Weights,
};
use crate::{
    Policy, StorageOf,
    bounds::Token,
    clock::{Deadline, Moment, Nanos},
    engine::units::{Units, Weight},
    evict::{Eviction, FieldContext, Hooks, InAdvance},
    expiry::Stamp,
    hasher::{KeyHash, LowHash},
    lock::{Clones, Lock},
    memory::arena::{Arena, Heap},
};
use allocator_api2::boxed::Box;
use std::{fmt, sync::Arc};

/// The most victims in a row that stay because a reader without a lock has used them. The next one is evicted anyway.
const MAX_CHANCES: usize = 64;

/// The most victims in a row that may not be evicted. Then the slots are searched for an entry that may.
const MAX_PINNED: usize = 8;

/// The entries of one shard, and the data about them.
pub(crate) type Table<K, V, P> = RawTable<K, V, P, SlotInfo<P>>;

/// The table of a map with this policy.
pub(crate) type TableOf<K, V, P> = Table<K, V, StorageOf<P>>;

/// The view of such a table, if there are readers without a lock.
pub(crate) type TableView<'a, K, V, P> = ViewOf<'a, K, V, P, SlotInfo<P>>;

/// An entry of such a table.
pub(crate) type Entry<'a, K, V, P> = raw::Found<'a, K, V, StorageOf<P>>;

/// As [`Entry`], lent for changing.
pub(crate) type EntryMut<'a, K, V, P> = raw::FoundMut<'a, K, V, StorageOf<P>>;

/// A search in such a table that has begun.
pub(crate) type Search<'a, K, V, P> = raw::Search<'a, K, V, StorageOf<P>, SlotInfo<StorageOf<P>>>;

/// All entries of such a table, to be taken out of their slots.
pub(crate) type Entries<K, V, P> = raw::Entries<K, V, P, SlotInfo<P>>;

/// The data about the slots of a table.
#[repr(C)] // The most used first.
pub struct SlotInfo<P: Policy> {
    /// Only the table calls it. So the table can check each slot that it returns, and tells it of each entry in order.
    eviction: P::Eviction,
    schedule: Schedule,
    /// Made for the first entry, in a field with a weigher.
    weights: Option<Box<Weights, Heap>>,
    search: EvictableSearch,
    /// The shortest lifetime of entries without a lifetime of their own.
    lifetime: Nanos,
}

/// The size of the table, not its contents.
impl<K, V, P: Policy> fmt::Debug for Table<K, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<P: Policy> fmt::Debug for SlotInfo<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotInfo").finish_non_exhaustive()
    }
}

impl<P: Policy> SlotInfo<P> {
    fn new(heap: &Heap, field: &FieldContext, lifetime: Nanos) -> Self {
        let mut eviction = P::Eviction::default();
        P::Eviction::hooks(Token).init(&mut eviction, heap, field);
        let mut schedule = Schedule::default();
        if StampOf::<P>::EXPIRES
            && let Some(InAdvance { buckets, .. }) = field.in_advance()
        {
            schedule.begin(heap, lifetime).reach(buckets);
        }
        SlotInfo { eviction, schedule, weights: None, search: EvictableSearch::default(), lifetime }
    }
}

impl<K, V, P: Policy> Table<K, V, P> {
    /// `lifetime` is the shortest lifetime of entries without one of their own.
    pub(crate) fn new(arena: Arc<Arena>, field: &FieldContext, lifetime: Nanos, clones: Option<Clones<K, V>>) -> Self {
        let info = SlotInfo::new(arena.heap(), field, lifetime);
        RawTable::with_info(arena, field.most_entries(), field.in_advance().is_some(), info, clones)
    }

    /// Moves all entries to a new table, with their memory. The new one has no readers without a lock.
    pub(crate) fn take_all(&mut self, field: &FieldContext, view: TableView<'_, K, V, P>) -> Self {
        // User code first.
        let info = SlotInfo::new(self.heap(), field, self.info.lifetime);
        self.take_with_info(info, view)
    }

    /// The next piece of the table's memory.
    pub(crate) fn next_piece(&self, next: &mut NextPiece) -> Option<Piece> {
        next.of(&[
            &|index| self.piece(u32::try_from(index).ok()?),
            &|index| P::Eviction::hooks(Token).part(&self.info.eviction, index),
            &|index| self.info.schedule.part(index),
            &|index| self.info.weights.as_ref()?.part(index),
        ])
    }

    /// The weight of the entry of an occupied slot, as it was last weighed.
    #[inline]
    pub(crate) fn weight<Q: Policy>(&self, slot: Slot) -> Weight {
        match &self.info.weights {
            Some(weights) if Q::WEIGHS => weights.of(slot),
            _ if Q::WEIGHS => Weight::ZERO,
            _ => Weight::ONE,
        }
    }

    /// Sets the weight of the entry of an occupied slot.
    #[inline]
    pub(crate) fn set_weight<Q: Policy>(&mut self, slot: Slot, weight: Weight) {
        if Q::WEIGHS {
            let (info, heap) = self.info_and_heap();
            info.weights.get_or_insert_with(|| Weights::begin(heap)).set(slot, weight);
        }
    }

    /// Notes a use of an entry, under a shared lock.
    #[inline]
    pub(crate) fn hit(&self, slot: Slot) {
        if !self.mark(slot) {
            self.info.eviction.hit(slot.number());
        }
    }

    /// Notes a use of an entry, under an exclusive lock.
    #[inline]
    pub(crate) fn hit_mut(&mut self, slot: Slot) {
        // If readers without a lock mark entries, this does too, so that no use counts twice. An eviction with an exact
        // order learns of the use at once.
        if P::Eviction::hooks(Token).reorders() || !self.mark(slot) {
            self.info.eviction.hit_mut(slot.number());
        }
    }

    /// Tells the eviction that a key with this hash, which is absent, is about to be inserted. Called before room is
    /// made for it.
    #[inline]
    pub(crate) fn missed(&mut self, hash: KeyHash) {
        P::Eviction::hooks(Token).missed(&mut self.info.eviction, hash.low());
    }

    /// Stores the entry on offer, whose key is absent, and returns its slot. If entries expire, its
    /// [times](Table::set_times) must be set next.
    pub(crate) fn insert<Q: Policy>(
        &mut self,
        hash: KeyHash,
        offer: &mut Offer<K, V>,
        weight: Weight,
        view: TableView<'_, K, V, P>,
    ) -> Result<Slot, NoMemory> {
        let slot = self.insert_raw(hash, offer, view)?;
        self.set_weight::<Q>(slot, weight);
        self.info.eviction.inserted(slot.number());
        if Q::PINS {
            self.info.search.is_futile = false;
        }
        Ok(slot)
    }

    /// Removes the entry of a slot, which has this hash. Returns whether there was one.
    pub(crate) fn remove(&mut self, slot: Slot, hash: LowHash, to: &mut impl Destination<K, V>) -> bool {
        let is_removed = self.remove_raw(slot, hash, to);
        if is_removed {
            self.info.eviction.removed(slot.number());
        }
        is_removed
    }

    /// Tells the eviction that an entry, with this hash, is about to be [removed](Table::remove) because it was the
    /// [victim](Table::victim).
    #[inline]
    pub(crate) fn evicted(&mut self, slot: Slot, hash: LowHash) {
        P::Eviction::hooks(Token).evicted(&mut self.info.eviction, slot.number(), hash);
    }

    /// The slot of the entry that should leave next. `None` if the table is empty, or if no entry was found that may be
    /// evicted.
    ///
    /// If a user's eviction names no slot, or a vacant one, another entry is chosen. If it names several entries in a
    /// row that may not be evicted, `searched` entries are searched for one that may.
    pub(crate) fn victim<Q: Policy>(&mut self, is_evictable: impl Fn(&K, &V) -> bool, searched: u32) -> Option<Slot> {
        if !P::Eviction::EVICTS || self.len() == 0 {
            return None;
        }
        let mut named = None;
        let mut pinned = 0;
        for _ in 0..MAX_CHANCES {
            if Q::PINS && (self.info.search.is_futile || pinned == MAX_PINNED) {
                named = None;
                break;
            }
            if let Some(number) = P::Eviction::hooks(Token).likely_victim(&self.info.eviction) {
                self.prefetch(Slot::from_number(number));
            }
            self.tell_marks();
            let entry = self.info.eviction.victim().and_then(|number| self.get(Slot::from_number(number)));
            named = entry.as_ref().map(raw::Found::slot);
            match entry {
                // A reader without a lock has used it. The eviction learns that now.
                Some(entry) if entry.unmark() => self.info.eviction.hit_mut(entry.slot().number()),
                // An entry that may not be evicted counts as used.
                Some(entry) if Q::PINS && !is_evictable(entry.key(), entry.value()) => {
                    self.info.eviction.hit_mut(entry.slot().number());
                    pinned += 1;
                }
                _ => break,
            }
        }
        let slots = self.slots();
        if !Q::PINS {
            return named.or_else(|| (0..slots).rev().map(Slot::from_number).find(|&slot| self.get(slot).is_some()));
        }
        let may_leave = |slot| self.get(slot).map(|entry| is_evictable(entry.key(), entry.value()));
        if named.is_some_and(|slot| may_leave(slot) == Some(true)) {
            return named;
        }
        // An eviction need not name every entry in turn.
        let mut search = self.info.search;
        let found = search.find(slots, searched, may_leave);
        self.info.search = search;
        found
    }

    /// Forgets that a search found no entry that may be evicted.
    pub(crate) fn search_again(&mut self) {
        self.info.search.is_futile = false;
    }

    /// The units of entries that may leave, see [`EvictableSearch::survey`].
    pub(crate) fn survey<Q: Policy>(
        &mut self,
        searched: u32,
        passed: &mut u32,
        enough: Units,
        may_leave: impl Fn(&K, &V, &StampOf<P>) -> bool,
    ) -> Units {
        let mut search = self.info.search;
        let units = search.survey(self.slots(), searched, passed, enough, |slot| {
            let entry = self.get(slot)?;
            let may_leave = may_leave(entry.key(), entry.value(), entry.stamp());
            Some(if may_leave { self.weight::<Q>(slot).units() } else { Units::ZERO })
        });
        self.info.search = search;
        units
    }

    /// Tells the eviction which of the entries that it will examine were used by readers without a lock.
    #[inline]
    fn tell_marks(&mut self) {
        if <P::Lock as Lock>::READS_RACE {
            let mut nth = 0;
            loop {
                let mut slots = P::Eviction::hooks(Token).looks_at(&mut self.info.eviction, nth);
                if slots.is_empty() {
                    break;
                }
                while let Some(used) = self.unmark(&mut slots) {
                    used.for_each(|slot| self.info.eviction.hit_mut(slot));
                }
                nth += 1;
            }
        }
    }

    /// When entries expire.
    #[inline]
    pub(crate) fn schedule(&self) -> &Schedule {
        &self.info.schedule
    }

    #[inline]
    pub(crate) fn schedule_mut(&mut self) -> &mut Schedule {
        &mut self.info.schedule
    }

    #[inline]
    fn begin_schedule(&mut self) -> &mut Due {
        let (info, heap) = self.info_and_heap();
        info.schedule.begin(heap, info.lifetime)
    }

    /// Sets the last use and the deadline of the entry of a slot. `own` is its lifetime, unless that is the declared
    /// one. Returns whether the entry expires before the deadline that [`Schedule::tell_earliest`] returned last.
    #[inline]
    pub(crate) fn set_times(
        &mut self,
        slot: Slot,
        (used, deadline): (Moment, Deadline),
        own: Option<Nanos>,
        now: Moment,
        idle: Nanos,
    ) -> bool {
        let Some(entry) = self.get(slot) else { return false };
        entry.stamp().set(used, deadline);
        let deadline = entry.stamp().deadline(idle);
        let (bucket, due) = (Self::bucket_of(slot), self.begin_schedule());
        match own {
            None => due.note(bucket, deadline, now),
            Some(lifetime) => due.note_own(bucket, deadline, lifetime, now),
        }
    }

    /// Scans one due bucket, and returns the slot of an expired entry in it. After `None`, other buckets may still be
    /// [due](Schedule::is_due).
    pub(crate) fn next_expired(&mut self, now: Moment, idle: Nanos) -> Option<Slot> {
        let (bucket, earliest) = self.info.schedule.due()?.next_bucket(now)?;
        match self.first_expired(bucket, now, idle, earliest) {
            Ok(slot) => Some(slot),
            Err(earliest) => {
                let buckets = self.bucket_count();
                self.info.schedule.due()?.looked_through(earliest, now, buckets);
                None
            }
        }
    }

    /// Scans at most `looks` buckets, and returns the slot of an expired entry in them. Only due buckets are scanned,
    /// unless it `searches`.
    #[cold]
    pub(crate) fn any_expired(&mut self, now: Moment, idle: Nanos, searches: bool, looks: &mut usize) -> Option<Slot> {
        while *looks > 0 {
            if !self.info.schedule.due()?.may_make_room(now, searches) {
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

    /// Does one step of growth or shrinking. It moves at most the entries of one bucket, and of the buckets after it
    /// that have its displaced entries.
    ///
    /// A panic in `rehash` leaves the table as it was.
    pub(crate) fn step(
        &mut self,
        rehash: impl Fn(&K) -> KeyHash + Copy,
        now: Moment,
        idle: Nanos,
        view: TableView<'_, K, V, P>,
    ) -> Result<(), NoMemory> {
        let before = self.count();
        let mut moves = Moves::default();
        let stepped = self.resize(rehash, &mut moves, view);
        for (from, to) in moves.iter() {
            if let Some(weights) = &mut self.info.weights {
                weights.moved(from, to);
            }
            self.info.eviction.moved(from.number(), to.number());
            if StampOf::<P>::EXPIRES
                && let Some(entry) = self.get(to)
            {
                let deadline = entry.stamp().deadline(idle);
                self.begin_schedule().note_moved(Self::bucket_of(to), deadline, now);
            }
        }
        let left = self.count();
        if left < before {
            let slots = self.slots();
            self.info.eviction.shrink_to(slots as usize);
            if let Some(due) = self.info.schedule.due() {
                due.shrink_to(left);
            }
            if let Some(weights) = &mut self.info.weights {
                weights.shrink_to(slots);
            }
        }
        stepped
    }
}
