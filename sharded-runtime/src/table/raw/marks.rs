//! Which entries were used by readers without a lock.

use super::bucket::Slots;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// A bit for each slot of a bucket. Zeros are valid, and whatever earlier marks left.
///
/// Relaxed throughout: a mark that comes late is one that came after.
#[repr(transparent)]
pub(super) struct Marks(AtomicU16);

impl Marks {
    /// Only where it is unset is anything written: a line that is hot stays shared.
    #[inline]
    pub(super) fn set(&self, slot: usize) {
        if !self.is_set(slot) {
            self.0.fetch_or(1 << slot, Relaxed);
        }
    }

    /// Says whether it was set.
    #[inline]
    pub(super) fn clear(&self, slot: usize) -> bool {
        self.is_set(slot) && self.0.fetch_and(!(1 << slot), Relaxed) >> slot & 1 != 0
    }

    #[inline]
    pub(super) fn is_set(&self, slot: usize) -> bool {
        self.0.load(Relaxed) >> slot & 1 != 0
    }

    /// The slots that are marked, also vacant ones.
    #[inline]
    pub(super) fn all(&self) -> Slots {
        Slots(self.0.load(Relaxed).into())
    }
}
