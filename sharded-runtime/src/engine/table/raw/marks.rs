//! Which entries were used by readers without a lock.

use super::header::Slots;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A bit for each slot of a bucket. Zeros are valid, and so are the bits of former marks.
///
/// They are a whole word, as all parts that a reader without a lock may read: see [`words`](super::words). The word
/// needs no extra memory, since the size of a body is a multiple of sixteen bytes.
///
/// All accesses are relaxed: a late mark is as good as a later use.
#[repr(transparent)]
pub(super) struct Marks(AtomicU64);

impl Marks {
    /// Writes only if unset, so the cache line of a hot entry stays shared.
    #[inline]
    pub(super) fn set(&self, slot: usize) {
        if !self.is_set(slot) {
            self.0.fetch_or(1 << slot, Relaxed);
        }
    }

    /// Clears a mark, and returns whether it was set.
    #[inline]
    pub(super) fn clear(&self, slot: usize) -> bool {
        self.is_set(slot) && self.0.fetch_and(!(1 << slot), Relaxed) >> slot & 1 != 0
    }

    #[inline]
    pub(super) fn is_set(&self, slot: usize) -> bool {
        self.0.load(Relaxed) >> slot & 1 != 0
    }

    /// The marked slots, also vacant ones.
    #[inline]
    pub(super) fn all(&self) -> Slots {
        #[allow(clippy::cast_possible_truncation, reason = "only the lowest fifteen bits are ever set")]
        Slots(self.0.load(Relaxed) as u32)
    }
}
