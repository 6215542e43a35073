//! Entries that have left a table, and that readers without a lock may still hold.
//!
//! They are kept in the table, so its lock protects the list. After a grace period they belong to nobody else, and join
//! the other garbage of the call that finds this out, to be dropped after unlock. A table that is dropped drops them at
//! once: whoever reads it has borrowed it.

use super::{layout::Pair, removed::Removed, shared::SharedEntry};
use crate::{contain::Drops, lock::Clones, memory::reclaim::Grace};
use std::{collections::VecDeque, mem, ptr::NonNull};

/// The most bytes of entries that share a grace period, without what they own.
const BATCH_BYTES: usize = 32 << 10;
/// So many batches may wait for readers before writers wait, too.
const MOST_BATCHES: usize = 16;

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

/// Retired entries of a table.
pub(super) struct Retired<K, V> {
    clones: Clones<K, V>,
    /// Those for which no grace period has begun.
    fresh: Vec<NonNull<SharedEntry<K, V>>>,
    /// Batches that wait for readers, the oldest first.
    waiting: VecDeque<Batch<K, V>>,
    /// The number of all of them.
    len: usize,
    /// Whether the entries in the buckets of the table have been taken from readers, too, which may still hold them.
    pub(super) is_taken: bool,
}

struct Batch<K, V> {
    grace: Grace,
    entries: Vec<NonNull<SharedEntry<K, V>>>,
}

impl<K, V> Retired<K, V> {
    /// How many entries share a grace period.
    const BATCH: usize = {
        let entries = BATCH_BYTES / size_of::<SharedEntry<K, V>>();
        if entries < 8 {
            8
        } else if entries > 128 {
            128
        } else {
            entries
        }
    };

    pub(super) fn new(clones: Clones<K, V>) -> Self {
        Retired { clones, fresh: Vec::new(), waiting: VecDeque::new(), len: 0, is_taken: false }
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

    /// Adds an entry that the table no longer has, or that it loses before its lock is released.
    ///
    /// # Safety
    ///
    /// The entry must be the table's, and must not be added twice.
    pub(super) unsafe fn add(&mut self, entry: NonNull<SharedEntry<K, V>>) {
        self.fresh.push(entry);
        self.len += 1;
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn backlog(&self) -> Backlog {
        if self.len == 0 {
            Backlog::None
        } else if self.waiting.len() >= MOST_BATCHES || self.fresh.len() >= MOST_BATCHES * Self::BATCH {
            Backlog::Full
        } else if self.fresh.len() >= Self::BATCH {
            Backlog::Many
        } else {
            Backlog::Few
        }
    }

    /// Gives away the entries that nobody holds any more. A grace period begins for those that wait for none yet, if
    /// these are a backlog of at least `from`. Returns how many were given away.
    #[cold]
    pub(super) fn release(&mut self, from: Backlog, to: &mut Removed<K, V>) -> usize {
        let mut released = 0;
        let mut give = |entries: Vec<NonNull<SharedEntry<K, V>>>| {
            released += entries.len();
            for entry in entries {
                // SAFETY: the entry has left the table, and its grace period has ended, so nobody holds it.
                unsafe { SharedEntry::give(entry, to) }
            }
        };
        while let Some(batch) = self.waiting.front_mut()
            && batch.grace.has_ended()
            && let Some(batch) = self.waiting.pop_front()
        {
            give(batch.entries);
        }
        if !self.fresh.is_empty()
            && (from <= Backlog::Few || self.fresh.len() >= Self::BATCH)
            && let Some(mut grace) = Grace::begin()
        {
            let entries = mem::take(&mut self.fresh);
            if grace.has_ended() {
                give(entries);
            } else {
                self.waiting.push_back(Batch { grace, entries });
            }
        }
        self.len -= released;
        released
    }
}

impl<K, V> Drop for Retired<K, V> {
    fn drop(&mut self) {
        let batches = mem::take(&mut self.waiting).into_iter().map(|batch| batch.entries);
        let mut drops = Drops::default();
        for entry in batches.chain([mem::take(&mut self.fresh)]).flatten() {
            // SAFETY: the table is dropped, and nobody reads it any more.
            drops.watch(|| unsafe { SharedEntry::drop(entry) });
        }
        drops.end();
    }
}
