//! Which entries were used by readers without a lock.

use super::header::Slots;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A bit for each slot of a bucket. Zeros are valid, and so is what earlier marks left.
///
/// They are a whole word, as all that a reader without a lock may look at: see [`words`](super::words). It takes no
/// room, since a body is a multiple of sixteen bytes.
///
/// Relaxed throughout: a mark that comes late is one that came after.
#[repr(transparent)]
pub(super) struct Marks(AtomicU64);

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
        #[allow(clippy::cast_possible_truncation, reason = "only the lowest fifteen bits are ever set")]
        Slots(self.0.load(Relaxed) as u32)
    }
}
