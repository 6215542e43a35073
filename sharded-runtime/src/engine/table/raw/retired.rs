//! Entries that have left a table, and that readers without a lock may still hold.
//!
//! They are kept in the table, so its lock protects the list. After a grace period they belong to nobody else, and join
//! the other garbage of the call that finds this out, to be dropped after unlock. A table that is dropped drops them at
//! once: whoever reads it has borrowed it.
//!
//! The next entries are stored in their memory, see [`take_memory`](Retired::take_memory).

use super::{
    layout::Pair,
    removed::{Destination, Removed},
    shared::{Memory, SharedEntry},
};
use crate::{
    contain::Drops,
    engine::units::Units,
    lock::{Clones, Vacant},
    memory::reclaim::{Grace, Ticket},
};
use std::{
    collections::VecDeque,
    mem::{self, ManuallyDrop, needs_drop},
    ptr::NonNull,
};

/// The most bytes of entries that share a grace period, without what they own.
const BATCH_BYTES: usize = 32 << 10;
/// The most entries that do. A grace period interrupts all processors, which takes a writer 18 us where two virtual
/// processors run.
const MOST_ENTRIES: usize = 512;
/// So many batches may wait for readers before writers wait, too.
const MOST_BATCHES: usize = 16;

/// So few may always wait, whatever they weigh.
const FEW: usize = 8;

/// For those who rely on it.
pub(super) const NO_LIST: &str = "a table of shared entries has a list of those that have left";

/// How many retired entries a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Backlog {
    /// None.
    None,
    /// Fewer than share a grace period.
    Few,
    /// Enough for a grace period.
    Many,
    /// So many that a writer should wait for readers.
    Full,
}

/// What retired entries wait for that wait for no grace period yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait<'g> {
    /// A grace period of their own. It begins if they are a backlog of at least this.
    Own(Backlog),
    /// One that other tables wait for, too. It is that of the entries that were here at an earlier call, if it has
    /// begun since. Those that have come since then wait for that of a later call.
    Shared(Option<&'g Grace>),
}

impl Wait<'_> {
    /// The least backlog with which there is something to do.
    #[inline]
    pub(crate) fn least(self) -> Backlog {
        match self {
            Wait::Own(from) => from,
            Wait::Shared(_) => Backlog::None,
        }
    }
}

/// Retired entries of a table.
pub(super) struct Retired<K, V> {
    clones: Clones<K, V>,
    /// Whether an entry passes its key to the one that replaces it, and what it then has in place of the key.
    vacant: Option<Vacant<K>>,
    /// Those for which no grace period has begun.
    fresh: Group<K, V>,
    /// Of those, the ones that were retired before this ticket was taken.
    settled: Group<K, V>,
    ticket: Ticket,
    /// Batches that wait for readers, the oldest first.
    waiting: VecDeque<Batch<K, V>>,
    /// The number of all of them.
    len: usize,
    /// What they weigh, in a field that weighs its entries.
    units: Units,
    /// What they may weigh before a writer waits.
    most_units: Units,
    /// The memory of earlier ones, at most that of a batch.
    spare: Vec<Memory<K, V>>,
    /// Whether the entries in the buckets of the table have been taken from readers, too, which may still hold them.
    pub(super) is_taken: bool,
}

struct Batch<K, V> {
    grace: Grace,
    group: Group<K, V>,
}

struct Group<K, V> {
    entries: Vec<Left<K, V>>,
    units: Units,
}

impl<K, V> Default for Group<K, V> {
    fn default() -> Self {
        Group { entries: Vec::new(), units: Units::ZERO }
    }
}

impl<K, V> Group<K, V> {
    fn append(&mut self, mut other: Self) {
        if self.entries.is_empty() {
            self.entries = other.entries;
        } else {
            self.entries.append(&mut other.entries);
        }
        self.units = self.units.plus(other.units);
    }
}

/// An entry that has left.
struct Left<K, V> {
    entry: NonNull<SharedEntry<K, V>>,
    /// Whether it has its key. Otherwise another entry has it.
    has_key: bool,
}

impl<K, V> Left<K, V> {
    /// Moves what is to be dropped elsewhere.
    ///
    /// # Safety
    ///
    /// The entry must be nobody else's.
    unsafe fn give(self, vacant: Option<Vacant<K>>, to: &mut Removed<K, V>) -> Memory<K, V> {
        // SAFETY: the caller's promise. What is not moved is not used again.
        unsafe {
            let pair = &raw const (*self.entry.as_ptr()).pair;
            if self.has_key {
                if needs_drop::<Pair<K, V>>() {
                    to.put(&raw const (*pair).key, &raw const (*pair).value);
                }
            } else if needs_drop::<V>()
                && let Some(vacant) = vacant
            {
                let key = ManuallyDrop::new(vacant());
                to.put(&raw const *key, &raw const (*pair).value);
            }
            SharedEntry::memory(self.entry)
        }
    }

    /// Drops it.
    ///
    /// # Safety
    ///
    /// The entry must be nobody else's.
    unsafe fn drop(self) {
        // SAFETY: the caller's promise.
        unsafe {
            if self.has_key {
                return SharedEntry::drop(self.entry);
            }
            // Freed also if the drop panics.
            let mut memory = SharedEntry::memory(self.entry);
            (&raw mut (*memory.entry()).pair.value).drop_in_place();
        }
    }
}

impl<K, V> Retired<K, V> {
    /// How many entries share a grace period.
    const BATCH: usize = {
        let entries = BATCH_BYTES / size_of::<SharedEntry<K, V>>();
        if entries < FEW {
            FEW
        } else if entries > MOST_ENTRIES {
            MOST_ENTRIES
        } else {
            entries
        }
    };

    pub(super) fn new(clones: Clones<K, V>) -> Self {
        Retired {
            clones,
            vacant: (clones.vacant)(),
            fresh: Group::default(),
            settled: Group::default(),
            ticket: Ticket::NONE,
            waiting: VecDeque::new(),
            len: 0,
            units: Units::ZERO,
            most_units: Units::new(u64::MAX),
            spare: Vec::new(),
            is_taken: false,
        }
    }

    /// Nothing retired, for a table that has been taken whole.
    pub(super) fn of_taken(&self) -> Self {
        let mut retired = Self::new(self.clones);
        retired.is_taken = true;
        retired
    }

    /// A copy of an entry, in memory of its own. Runs `Clone` of the key and the value.
    #[allow(clippy::unnecessary_box_returns, reason = "a slot has its address")]
    pub(super) fn copy(&self, SharedEntry { hash, pair }: &SharedEntry<K, V>) -> Box<SharedEntry<K, V>> {
        let key = (self.clones.key)(&pair.key);
        let value = (self.clones.value)(&pair.value);
        Box::new(SharedEntry { hash: *hash, pair: Pair { key, value } })
    }

    /// An entry to replace this one, with a copy of its value. Runs `Clone` of the value, and mostly of the key.
    ///
    /// # Safety
    ///
    /// The entry must be the table's. Either the result is leaked, or it takes the place of the entry, which is then
    /// added by [`add_replaced`](Retired::add_replaced).
    pub(super) unsafe fn successor(
        &mut self,
        SharedEntry { hash, pair }: &SharedEntry<K, V>,
    ) -> NonNull<SharedEntry<K, V>> {
        let value = (self.clones.value)(&pair.value);
        let key = match self.vacant {
            // SAFETY: the caller's promise. Keys of this type may be read in both entries, and only one drops it.
            Some(_) => unsafe { (&raw const pair.key).read() },
            None => (self.clones.key)(&pair.key),
        };
        let entry = SharedEntry { hash: *hash, pair: Pair { key, value } };
        self.take_memory().fill(entry)
    }

    /// Memory for an entry: that of one that has left lately, if there is such. It is still in the caches, and the
    /// allocator is not asked, which would wait for other threads if one of them has allocated it.
    #[inline]
    pub(super) fn take_memory(&mut self) -> Memory<K, V> {
        self.spare.pop().unwrap_or_else(Memory::new)
    }

    /// Adds an entry that the table no longer has, or that it loses before its lock is released.
    ///
    /// # Safety
    ///
    /// The entry must be the table's, and must not be added twice.
    pub(super) unsafe fn add(&mut self, entry: NonNull<SharedEntry<K, V>>) {
        self.add_left(Left { entry, has_key: true });
    }

    /// As [`add`](Retired::add), of an entry that a [successor](Retired::successor) has replaced.
    ///
    /// # Safety
    ///
    /// As of `add`.
    pub(super) unsafe fn add_replaced(&mut self, entry: NonNull<SharedEntry<K, V>>) {
        self.add_left(Left { entry, has_key: self.vacant.is_none() });
    }

    fn add_left(&mut self, left: Left<K, V>) {
        self.fresh.entries.push(left);
        self.len += 1;
    }

    /// Notes what the entry weighs that was added last, and what all of them may weigh.
    pub(super) fn note_units(&mut self, units: Units, most: Units) {
        self.fresh.units = self.fresh.units.plus(units);
        self.units = self.units.plus(units);
        self.most_units = most;
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn backlog(&self) -> Backlog {
        if self.len == 0 {
            // Spare memory is freed as entries are.
            return if self.spare.is_empty() { Backlog::None } else { Backlog::Few };
        }
        if self.waiting.len() >= MOST_BATCHES
            || self.without_grace() >= MOST_BATCHES * Self::BATCH
            || self.units > self.most_units && self.len > FEW
        {
            Backlog::Full
        } else if self.fill_batch() {
            Backlog::Many
        } else {
            Backlog::Few
        }
    }

    /// The number of entries for which no grace period has begun.
    #[inline]
    fn without_grace(&self) -> usize {
        self.fresh.entries.len() + self.settled.entries.len()
    }

    /// Whether these are enough for a grace period.
    #[inline]
    fn fill_batch(&self) -> bool {
        let entries = self.without_grace();
        entries >= Self::BATCH || entries > FEW && self.fresh.units.plus(self.settled.units) > self.most_units.halved()
    }

    /// Gives away the entries that nobody holds any more. Returns how many, without those that own nothing.
    #[cold]
    pub(super) fn release(&mut self, wait: Wait<'_>, to: &mut Removed<K, V>) -> usize {
        let before = to.len();
        self.give_ended(to);
        match wait {
            Wait::Own(from) => self.begin_grace(from, to),
            Wait::Shared(grace) => self.join_grace(grace, to),
        }
        self.free_spare(wait.least());
        to.len() - before
    }

    /// See [`Wait::Own`].
    fn begin_grace(&mut self, from: Backlog, to: &mut Removed<K, V>) {
        if self.without_grace() > 0
            && (from <= Backlog::Few || self.fill_batch())
            && let Some(grace) = Grace::begin()
        {
            let mut group = mem::take(&mut self.settled);
            group.append(mem::take(&mut self.fresh));
            self.wait_for(grace, group, to);
        }
    }

    /// See [`Wait::Shared`].
    fn join_grace(&mut self, grace: Option<&Grace>, to: &mut Removed<K, V>) {
        if !self.settled.entries.is_empty()
            && let Some(grace) = grace
            && grace.began_after(self.ticket)
        {
            let group = mem::take(&mut self.settled);
            self.wait_for(grace.clone(), group, to);
        }
        if !self.fresh.entries.is_empty() {
            self.settled.append(mem::take(&mut self.fresh));
            self.ticket = Ticket::take();
        }
    }

    /// Gives away the batches whose grace period has ended.
    fn give_ended(&mut self, to: &mut Removed<K, V>) {
        while let Some(batch) = self.waiting.front_mut()
            && batch.grace.has_ended()
            && let Some(batch) = self.waiting.pop_front()
        {
            self.give(batch.group, to);
        }
    }

    fn wait_for(&mut self, mut grace: Grace, group: Group<K, V>, to: &mut Removed<K, V>) {
        if grace.has_ended() {
            self.give(group, to);
        } else {
            self.waiting.push_back(Batch { grace, group });
        }
    }

    /// Gives away entries whose grace period has ended.
    fn give(&mut self, mut group: Group<K, V>, to: &mut Removed<K, V>) {
        self.len -= group.entries.len();
        self.units = self.units.minus(group.units);
        for left in group.entries.drain(..) {
            // SAFETY: the entry has left the table, and its grace period has ended, so nobody holds it.
            let memory = unsafe { left.give(self.vacant, to) };
            if self.spare.len() < Self::BATCH {
                self.spare.push(memory);
            }
        }
        if self.fresh.entries.capacity() == 0 {
            self.fresh.entries = group.entries;
        }
    }

    /// Frees memory that is kept for the next entries, unless this is a call of a writer for a full batch: perhaps
    /// nobody writes any more.
    fn free_spare(&mut self, from: Backlog) {
        if from <= Backlog::Few {
            self.spare = Vec::new();
            self.fresh.entries.shrink_to_fit();
        }
    }
}

impl<K, V> Drop for Retired<K, V> {
    fn drop(&mut self) {
        let batches = mem::take(&mut self.waiting).into_iter().map(|batch| batch.group);
        let mut drops = Drops::default();
        let groups = batches.chain([mem::take(&mut self.settled), mem::take(&mut self.fresh)]);
        for left in groups.flat_map(|group| group.entries) {
            // SAFETY: the table is dropped, and nobody reads it any more.
            drops.watch(|| unsafe { left.drop() });
        }
        drops.end();
    }
}
