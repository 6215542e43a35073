//! A row that is read without a lock.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use super::{
    core::Core,
    row::RowKey,
    types::{FieldTypes, UsableTypes},
};
use crate::{
    Policy, StorageOf,
    clock::Readings,
    engine::{
        spec::{Spec, TableFor},
        table::{Kept, Peek, StampOf, Use},
    },
    evict::Eviction,
    expiry::Stamp,
    lock::{Begun, View},
    observe::tally::Event,
};
use std::{borrow::Borrow, cell::Cell, fmt};

/// A row with a copy of its entry.
pub struct RowCopy<'a, F: FieldTypes, Q: ?Sized> {
    row: RowKey<'a, F, Q>,
    begun: Option<Begun>,
    kept: Kept<F::Key, F::Value, StorageOf<F::Policy>>,
    is_alive: bool,
    pub(crate) is_used: Cell<bool>,
}

/// Not the key and the value, which may be secret.
impl<F: FieldTypes, Q: ?Sized> fmt::Debug for RowCopy<'_, F, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowCopy").field("is_alive", &self.is_alive).finish_non_exhaustive()
    }
}

/// A step of a read without locks, which all rows do before the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Note the sequence number of the shard.
    Begin,
    /// Copy the entry.
    Copy,
    /// Check that the sequence number is still the same.
    Check,
}

impl<F: UsableTypes, Q: ?Sized> RowKey<'_, F, Q> {
    /// Whether the entry can be read without a lock. A use that must be noted in the entry needs the lock, and a
    /// recorder looks at the lock.
    pub(crate) const CAN_COPY: bool = F::READS_COPY && !StampOf::<F::Policy>::TRACKS_ACCESS && !F::Policy::RECORDS;
}

impl<'a, F, Q> RowCopy<'a, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ?Sized,
{
    #[inline]
    pub(crate) fn new(row: RowKey<'a, F, Q>) -> Self {
        RowCopy { row, begun: None, kept: Kept::new(), is_alive: false, is_used: Cell::new(false) }
    }

    pub(crate) fn key(&self) -> &'a Q {
        self.row.key
    }

    #[inline]
    fn view(&self) -> Option<&'a View<TableFor<Core<F>>>> {
        self.row.core.shards.view(self.row.hash)
    }

    /// Does a step. `false` if a writer is in the way.
    #[inline]
    pub(crate) fn attempt(&mut self, step: Step) -> bool {
        let (Some(view), Some(copies)) = (self.view(), F::COPIES) else { return false };
        let RowKey { core, key, hash } = self.row;
        match step {
            Step::Begin => {
                self.begun = view.state().sequence().mark();
                self.begun.is_some()
            }
            Step::Copy => self.kept.look::<_, _, Peek>(view, copies, (hash, key), core.idle()).is_ok(),
            Step::Check => self.begun.is_some_and(|begun| view.state().sequence().is_unchanged(begun)),
        }
    }

    /// Looks whether the entry has expired.
    #[inline]
    pub(crate) fn look_at_clock(&mut self, read: &mut Readings) {
        let clock = &self.row.core.clock;
        self.is_alive = match self.kept.get() {
            Some(found) => !StampOf::<F::Policy>::EXPIRES || !found.deadline.has_passed(clock.now_once(read)),
            None => false,
        };
    }

    /// The value, if the entry is there and has not expired.
    #[inline]
    pub(crate) fn value(&self) -> Option<&F::Value> {
        if self.is_alive { self.kept.get().map(|found| found.value) } else { None }
    }

    /// Counts the use of the entry, if it was used, and marks it for the eviction.
    #[inline]
    pub(crate) fn note_use(&self) {
        let RowKey { core, key, hash } = self.row;
        if !self.is_used.get() {
            return;
        }
        core.count(if self.is_alive { Event::Hit } else { Event::Miss });
        if <F::Policy as Policy>::Eviction::BOUNDED
            && self.is_alive
            && let (Some(view), Some(copies)) = (self.view(), F::COPIES)
        {
            // If a writer is in the way, the eviction misses a use.
            let _ = Kept::new().look::<_, _, Use>(view, copies, (hash, key), core.idle());
        }
    }
}
