//! Which entries of the near cache are still what the server has.
//!
//! Each key of the server belongs to one of many counters, by its hash. A read notes the counter *before* it is sent,
//! and what it returns is kept with that number: its *stamp*. An invalidation adds one to the counter. So an entry is
//! valid while its number is that of its counter, however reply and invalidation were ordered on their way, and an
//! invalidation takes no lock and does not need to know the near cache. It makes entries of other keys with the same
//! counter invalid too, which costs a read each.
//!
//! What makes all entries of a connection invalid at once is its [`Licence`](super::licence::Licence).

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::{Notify, futures::Notified};

/// A power of two. With 100,000 entries in the near caches an invalidation costs less than one entry of another key.
const COUNTERS: usize = 1 << 17;
/// A power of two.
const BELLS: usize = 256;

/// One for all connections of a tier: see [the module](self). 1 MiB.
#[derive(Debug)]
pub(super) struct Stamps {
    hasher: RandomState,
    counters: Box<[AtomicU64]>,
    /// Rung at each invalidation, for those who wait for a change of a key.
    bells: Box<[Notify]>,
}

/// The counter of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// What a counter was before a read was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    slot: Slot,
    count: u64,
}

impl Stamps {
    pub(super) fn new() -> Self {
        Stamps {
            hasher: RandomState::new(),
            counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            bells: (0..BELLS).map(|_| Notify::new()).collect(),
        }
    }

    /// The counter of a key, by its whole name on the server.
    pub(super) fn slot(&self, name: &[u8]) -> Slot {
        let hash = self.hasher.hash_one(name);
        #[allow(clippy::cast_possible_truncation, reason = "it is less than the number of counters")]
        Slot((hash % COUNTERS as u64) as u32)
    }

    /// The stamp of a read that is about to be sent.
    pub(super) fn stamp(&self, slot: Slot) -> Stamp {
        // Acquire pairs with the Release in `invalidate`: what is sent after this is not sent before it.
        Stamp { slot, count: self.counters[slot.0 as usize].load(Ordering::Acquire) }
    }

    /// Whether nothing was invalidated since.
    ///
    /// A caller that relies on a licence has loaded it with Acquire before. The licence was stored with Release after
    /// the invalidations that the server had sent by then, so they are seen here.
    #[inline]
    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.counters[stamp.slot.0 as usize].load(Ordering::Relaxed) == stamp.count
    }

    /// Makes the entries of a counter invalid.
    pub(super) fn invalidate(&self, slot: Slot) {
        // Release pairs with the Acquire in `stamp`: who sees the new number may send a read after it.
        self.counters[slot.0 as usize].fetch_add(1, Ordering::Release);
        self.bells[slot.0 as usize % BELLS].notify_waiters();
    }

    /// Wakes all who wait for a change, since they may not be told of it any more.
    pub(super) fn ring_all(&self) {
        self.bells.iter().for_each(Notify::notify_waiters);
    }

    /// Waits for the next invalidation of a counter, or of another one with the same bell. It must be enabled before
    /// the state is read that is to change.
    pub(super) fn change(&self, slot: Slot) -> Notified<'_> {
        self.bells[slot.0 as usize % BELLS].notified()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalidation_after_the_stamp_is_seen_whatever_came_first() {
        let stamps = Stamps::new();
        let (slot, other) = (stamps.slot(b"a"), Slot(stamps.slot(b"a").0 ^ 1));
        let stamp = stamps.stamp(slot);
        assert!(stamps.is_current(stamp));
        stamps.invalidate(other);
        assert!(stamps.is_current(stamp));
        stamps.invalidate(slot);
        assert!(!stamps.is_current(stamp));
        assert!(stamps.is_current(stamps.stamp(slot)));
    }
}
