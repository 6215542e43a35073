//! Storage, expiry and eviction of one field in one shard.
//!
//! [`raw`] stores the entries and says in which slot each is; here is what is known about slots: which expire (see
//! [`due`]), and which the eviction lets go next. A slot stays an entry's until a step of growing or shrinking moves
//! it, after which everyone who knows it by its number is told.

mod due;
mod pieces;
#[allow(unsafe_code, reason = "raw memory")]
mod raw;
mod weights;

pub(crate) use pieces::{NextPiece, Piece};
pub(crate) use raw::{
    Copied, Cursor, Fetch, Glance, Handed, Look, NoMemory, Offer, Peek, Place, Put, Removed, Slot, StampOf, Stored,
    Unclear, Use, UseFetched,
};

use crate::{
    Policy, StorageOf,
    clock::{Deadline, Moment, Nanos},
    engine::units::{Units, Weight},
    evict::{Eviction, FieldContext, Hooks, Token},
    expiry::Stamp,
    hasher::{KeyHash, LowHash},
    lock::Lock,
    memory::arena::{Arena, Heap},
};
use allocator_api2::boxed::Box;
use due::Due;
use raw::{Moves, RawTable, ViewOf};
use std::{fmt, sync::Arc};
use weights::Weights;

/// Entries in a row that readers without a lock have used since they were last named, before one leaves all the same.
const MAX_CHANCES: usize = 64;

/// Entries that the eviction names in a row and that may not be evicted, before the slots are searched for one that
/// may.
const MAX_PINNED: usize = 8;
/// Entries that one search asks about, in the shard of an entry that comes and in another. It also looks at so many
/// slots at most as in the first.
pub(crate) const SEARCHED: u32 = 4096;
pub(crate) const SEARCHED_ELSEWHERE: u32 = 256;

/// One shard's part of a map.
pub(crate) type Table<K, V, P> = RawTable<K, V, P, SlotInfo<P>>;

/// What is known of the slots of a table beside their entries.
#[repr(C)] // The most used first.
pub struct SlotInfo<P: Policy> {
    eviction: P::Eviction,
    /// Once there is an entry that expires.
    due: Option<Box<Due, Heap>>,
    /// Once there is an entry, where entries are weighed.
    weights: Option<Box<Weights, Heap>>,
    /// Where the next search for an entry that may be evicted begins.
    search_from: u32,
    /// Whether the last search found none, and nothing was put in since: then what the eviction names is not asked
    /// about any more.
    is_pinned: bool,
    /// The shortest lifetime of entries that are not given one of their own.
    lifetime: Nanos,
}

/// The table of a map with this policy.
pub(crate) type TableOf<K, V, P> = Table<K, V, StorageOf<P>>;

/// The view of such a table, if there are readers without a lock.
pub(crate) type TableView<'a, K, V, P> = ViewOf<'a, K, V, P, SlotInfo<P>>;

/// An entry of such a table.
pub(crate) type Entry<'a, K, V, P> = raw::Found<'a, K, V, StorageOf<P>>;

/// All entries of such a table, out of their slots.
pub(crate) type Entries<K, V, P> = raw::Entries<K, V, P, SlotInfo<P>>;

/// Its size, not its contents.
impl<K, V, P: Policy> fmt::Debug for Table<K, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Not its contents, as of a table.
impl<P: Policy> fmt::Debug for SlotInfo<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotInfo").finish_non_exhaustive()
    }
}

impl<P: Policy> SlotInfo<P> {
    fn new(heap: &Heap, field: &FieldContext, lifetime: Nanos) -> Self {
        let mut eviction = P::Eviction::default();
        P::Eviction::hooks(Token).init(&mut eviction, heap, field);
        SlotInfo { eviction, due: None, weights: None, search_from: 0, is_pinned: false, lifetime }
    }
}

impl<K, V, P: Policy> Table<K, V, P> {
    /// `lifetime` is the shortest one of entries that are not given one of their own.
    pub(crate) fn new(arena: Arc<Arena>, field: &FieldContext, lifetime: Nanos) -> Self {
        let info = SlotInfo::new(arena.heap(), field, lifetime);
        RawTable::with_info(arena, field.most_entries(), info)
    }

    /// Takes all entries out, with their memory. The result has no readers without a lock.
    pub(crate) fn take_all(&mut self, field: &FieldContext, view: TableView<'_, K, V, P>) -> Self {
        // User code first.
        let info = SlotInfo::new(self.heap(), field, self.info.lifetime);
        self.take_with_info(info, view)
    }

    /// Where its memory is: the next piece of a walk through all.
    pub(crate) fn next_piece(&self, next: &mut NextPiece) -> Option<Piece> {
        next.of(&[
            &|index| self.piece(u32::try_from(index).ok()?),
            &|index| P::Eviction::hooks(Token).part(&self.info.eviction, index),
            &|index| self.info.due.as_ref()?.part(index),
            &|index| self.info.weights.as_ref()?.part(index),
        ])
    }

    #[inline]
    fn due_mut(&mut self) -> &mut Due {
        let (info, heap) = self.info_and_heap();
        match &mut info.due {
            Some(due) => due,
            none => none.insert(Due::begin(heap, info.lifetime)),
        }
    }

    /// What the entry of an occupied slot takes of the capacity, as it was last weighed.
    #[inline]
    pub(crate) fn weight<Q: Policy>(&self, slot: Slot) -> Weight {
        match &self.info.weights {
            Some(weights) if Q::WEIGHS => weights.of(slot),
            _ if Q::WEIGHS => Weight::ZERO,
            _ => Weight::ONE,
        }
    }

    /// Notes what the entry of an occupied slot weighs.
    #[inline]
    pub(crate) fn set_weight<Q: Policy>(&mut self, slot: Slot, weight: Weight) {
        if Q::WEIGHS {
            let (info, heap) = self.info_and_heap();
            let weights = match &mut info.weights {
                Some(weights) => weights,
                none => none.insert(Weights::begin(heap)),
            };
            weights.set(slot, weight);
        }
    }

    /// The entry was used, under a shared lock.
    #[inline]
    pub(crate) fn hit(&self, slot: Slot) {
        if !self.mark(slot) {
            self.info.eviction.hit(slot.number());
        }
    }

    /// The entry was used, under an exclusive lock.
    #[inline]
    pub(crate) fn hit_mut(&mut self, slot: Slot) {
        // Where uses are marked, all are, so that one is not counted twice; but an exact order is kept as exact as can
        // be.
        if P::Eviction::hooks(Token).reorders() || !self.mark(slot) {
            self.info.eviction.hit_mut(slot.number());
        }
    }

    /// A key with this hash, which is not there, is about to be inserted: tells the eviction, before it makes room.
    #[inline]
    pub(crate) fn missed(&mut self, hash: KeyHash) {
        P::Eviction::hooks(Token).missed(&mut self.info.eviction, hash.low());
    }

    /// Stores the entry on offer, of this weight, whose key is not there yet. Says in which slot. Where entries expire,
    /// its time is then to be [started](Table::restart).
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
            self.info.is_pinned = false;
        }
        Ok(slot)
    }

    /// Starts the time to live of an entry, of at least the declared length. Says whether it expires before what was
    /// [told](Table::tell_earliest) of the table.
    #[inline]
    pub(crate) fn restart(&mut self, slot: Slot, now: Moment, deadline: Deadline, idle: Nanos) -> bool {
        if StampOf::<P>::EXPIRES
            && let Some(entry) = self.get(slot)
        {
            entry.stamp().set(now, deadline);
            let deadline = entry.stamp().deadline(idle);
            return self.due_mut().note(Self::bucket_of(slot), deadline, now);
        }
        false
    }

    /// As [`restart`](Table::restart), with a length of the entry's own.
    #[inline]
    pub(crate) fn restart_own(&mut self, slot: Slot, now: Moment, lifetime: Nanos, idle: Nanos) -> bool {
        let Some(entry) = self.get(slot) else { return false };
        entry.stamp().set(now, now.plus(lifetime));
        let deadline = entry.stamp().deadline(idle);
        self.due_mut().note_own(Self::bucket_of(slot), deadline, lifetime, now)
    }

    /// Has an entry count as last used then, which was before now. Says the same as [`restart`](Table::restart).
    #[cfg(feature = "serde")]
    pub(crate) fn used_at(&mut self, slot: Slot, then: Moment, now: Moment, idle: Nanos) -> bool {
        let Some(entry) = self.get(slot) else { return false };
        let stamp = entry.stamp();
        stamp.set(then, stamp.deadline(Nanos::FOREVER));
        let deadline = stamp.deadline(idle);
        self.due_mut().note(Self::bucket_of(slot), deadline, now)
    }

    /// No entry expires before. It is to be told again when one is [restarted](Table::restart) that does.
    pub(crate) fn tell_earliest(&mut self) -> Deadline {
        self.info.due.as_mut().map_or(Deadline::NEVER, |due| due.tell_earliest())
    }

    /// Removes the entry of an occupied slot, with this hash, see [`RawTable::remove_raw`].
    pub(crate) fn remove(&mut self, slot: Slot, hash: LowHash, removed: &mut Removed<K, V>) -> bool {
        let is_removed = self.remove_raw(slot, hash, removed);
        if is_removed {
            self.info.eviction.removed(slot.number());
        }
        is_removed
    }

    /// As [`remove`](Table::remove), but hands the entry out.
    pub(crate) fn hand(&mut self, slot: Slot, hash: LowHash, handed: &mut Handed<K, V>) -> bool {
        let is_removed = self.hand_raw(slot, hash, handed);
        if is_removed {
            self.info.eviction.removed(slot.number());
        }
        is_removed
    }

    /// Tells the eviction that an entry, with this hash, is going to be [removed](Table::remove) because it was the
    /// [victim](Table::victim).
    #[inline]
    pub(crate) fn evicted(&mut self, slot: Slot, hash: LowHash) {
        P::Eviction::hooks(Token).evicted(&mut self.info.eviction, slot.number(), hash);
    }

    /// The slot of the entry that should leave next. `None` if there is no entry, or if none that is looked at may be
    /// evicted. If a user's eviction names none, or a slot without an entry, some other entry is taken. If it names
    /// several in a row that may not be evicted, the next `searched` entries behind the last search are looked at.
    pub(crate) fn victim<Q: Policy>(&mut self, is_evictable: impl Fn(&K, &V) -> bool, searched: u32) -> Option<Slot> {
        if !P::Eviction::EVICTS || self.len() == 0 {
            return None;
        }
        let mut named = None;
        let mut pinned = 0;
        for _ in 0..MAX_CHANCES {
            if Q::PINS && (self.info.is_pinned || pinned == MAX_PINNED) {
                named = None;
                break;
            }
            if let Some(number) = P::Eviction::hooks(Token).likely_victim(&self.info.eviction) {
                self.prefetch(Slot::from_number(number));
            }
            self.tell_marks();
            named = self.info.eviction.victim().filter(|&number| self.get(Slot::from_number(number)).is_some());
            match named.and_then(|number| self.get(Slot::from_number(number))) {
                // The eviction learns only now that it was used.
                Some(entry) if entry.unmark() => self.info.eviction.hit_mut(entry.slot().number()),
                // An entry that must stay counts as used.
                Some(entry) if Q::PINS && !is_evictable(entry.key(), entry.value()) => {
                    self.info.eviction.hit_mut(entry.slot().number());
                    pinned += 1;
                }
                _ => break,
            }
        }
        let may_leave = |&number: &u32| {
            self.get(Slot::from_number(number))
                .is_some_and(|entry| !Q::PINS || is_evictable(entry.key(), entry.value()))
        };
        if !Q::PINS {
            return named.or_else(|| (0..self.slots()).rev().find(may_leave)).map(Slot::from_number);
        }
        if let Some(named) = named.filter(may_leave) {
            return Some(Slot::from_number(named));
        }
        // An eviction need not name every entry in turn: it may name some of them only.
        let (mut found, mut next, mut left) = (None, 0, searched);
        for number in self.slots_to_search(0) {
            next = number + 1;
            if let Some(entry) = self.get(Slot::from_number(number)) {
                left -= 1;
                found = is_evictable(entry.key(), entry.value()).then_some(entry.slot());
            }
            if found.is_some() || left == 0 {
                break;
            }
        }
        self.info.search_from = found.map_or(next, Slot::number);
        self.info.is_pinned = found.is_none();
        found
    }

    /// The numbers of the slots that one search for an entry looks at, all of which are behind so many that it has
    /// passed before.
    fn slots_to_search(&self, passed: u32) -> impl Iterator<Item = u32> + use<K, V, P> {
        let slots = self.slots();
        let from = if self.info.search_from < slots { self.info.search_from } else { 0 };
        let left = slots.saturating_sub(passed).min(SEARCHED);
        (from..slots).chain(0..from).skip(passed as usize).take(left as usize)
    }

    /// What entries weigh that may leave, of the next so many, without those in the slots that were passed before:
    /// counted until they have `enough` units. If there are none, the next [search](Table::victim) begins behind them.
    pub(crate) fn survey<Q: Policy>(
        &mut self,
        searched: u32,
        passed: &mut u32,
        enough: Units,
        may_leave: impl Fn(&K, &V, &StampOf<P>) -> bool,
    ) -> Units {
        let (mut units, mut next, mut seen, mut left) = (Units::ZERO, 0, 0, searched);
        for number in self.slots_to_search(*passed) {
            let slot = Slot::from_number(number);
            (next, seen) = (number + 1, seen + 1);
            if let Some(entry) = self.get(slot) {
                left -= 1;
                if may_leave(entry.key(), entry.value(), entry.stamp()) {
                    units = units.plus(self.weight::<Q>(slot).units());
                }
            }
            if units >= enough || left == 0 {
                break;
            }
        }
        if units.is_zero() && *passed == 0 {
            self.info.search_from = next;
        } else {
            *passed += seen;
        }
        units
    }

    /// Tells the eviction which of the entries that it is going to look at were used by readers without a lock.
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

    /// Looks at one bucket of what is due: the slot of an entry in it that has expired. Nothing is left to look at when
    /// nothing [is due](Table::is_due).
    pub(crate) fn next_expired(&mut self, now: Moment, idle: Nanos) -> Option<Slot> {
        let (bucket, earliest) = self.info.due.as_mut()?.next_bucket(now)?;
        match self.first_expired(bucket, now, idle, earliest) {
            Ok(slot) => Some(slot),
            Err(earliest) => {
                let buckets = self.bucket_count();
                self.info.due.as_mut()?.looked_through(earliest, now, buckets);
                None
            }
        }
    }

    /// Whether there may be an entry that has expired.
    #[inline]
    pub(crate) fn may_have_expired(&self, now: Moment) -> bool {
        self.info.due.as_ref().is_some_and(|due| due.may_have_expired(now))
    }

    /// Looks at so many buckets that are due, and if it `searches` at those that are not: the slot of an entry in them
    /// that has expired.
    #[cold]
    pub(crate) fn any_expired(&mut self, now: Moment, idle: Nanos, searches: bool, looks: &mut usize) -> Option<Slot> {
        while *looks > 0 {
            if !self.info.due.as_mut()?.may_make_room(now, searches) {
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

    /// Has [`next_expired`](Table::next_expired) find everything that has expired by now in some part of the table;
    /// answers where the next part begins.
    pub(crate) fn hurry(&mut self, from: usize, now: Moment) -> Option<usize> {
        self.info.due.as_mut()?.hurry(from, now)
    }

    /// The earliest time at which [`next_expired`](Table::next_expired) may find something.
    #[inline]
    pub(crate) fn due_at(&self) -> Deadline {
        match &self.info.due {
            Some(due) => due.due_at(),
            None => Deadline::NEVER,
        }
    }

    /// Whether there is something for [`next_expired`](Table::next_expired) to look at.
    #[inline]
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        self.due_at().has_passed(now)
    }

    /// Brings the table one bucket nearer to the size that it should have. At most the entries of that bucket move, and
    /// those whose hashes collide with theirs. Says whether it could.
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
                self.due_mut().note_moved(Self::bucket_of(to), deadline, now);
            }
        }
        let left = self.count();
        if left < before {
            let slots = self.slots();
            self.info.eviction.shrink_to(slots as usize);
            if let Some(due) = &mut self.info.due {
                due.shrink_to(left);
            }
            if let Some(weights) = &mut self.info.weights {
                weights.shrink_to(slots);
            }
        }
        stepped
    }
}
