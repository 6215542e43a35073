//! The number that tells readers without a lock of writers.

use crate::sync::atomic::{AtomicU64, Ordering, fence};

/// The number of a sequence lock: odd while a writer is inside.
///
/// At a write every nanosecond it would take 584 years to come round.
#[derive(Debug)]
pub struct Sequence(AtomicU64);

/// Makes the number even again.
pub(super) struct Odd<'a>(&'a AtomicU64, u64);

impl Sequence {
    pub(super) fn new() -> Self {
        Sequence(AtomicU64::new(0))
    }

    /// The number before a read, or `None` while a writer is inside.
    #[inline]
    pub(crate) fn begin(&self) -> Option<u64> {
        // Acquire, with the release at the end of a write: what that write left is seen.
        let number = self.0.load(Ordering::Acquire);
        number.is_multiple_of(2).then_some(number)
    }

    /// Whether no writer was inside since [`begin`](Sequence::begin) answered this.
    #[inline]
    pub(crate) fn validate(&self, begun: u64) -> Option<()> {
        // With the release fence of `write`: if a load before this saw anything of a later write, the load below sees
        // that write's odd number, or a later one.
        fence(Ordering::Acquire);
        (self.0.load(Ordering::Relaxed) == begun).then_some(())
    }

    /// Says that a writer is inside, until the result is dropped. There must be no other.
    #[inline]
    pub(super) fn write(&self) -> Odd<'_> {
        let number = self.0.load(Ordering::Relaxed);
        self.0.store(number + 1, Ordering::Relaxed);
        // With the acquire fence of `validate`.
        fence(Ordering::Release);
        Odd(&self.0, number + 2)
    }
}

impl Drop for Odd<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release, with the acquire of `begin`.
        self.0.store(self.1, Ordering::Release);
    }
}
