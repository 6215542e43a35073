//! The counters of a shard.

use std::{
    hint,
    sync::atomic::{AtomicU32, AtomicU64, Ordering, fence},
};

/// Counts of accesses under the exclusive lock of a shard, and what they ask for. They share a cache line with the
/// lock, which the access writes anyway. Two of the numbers have 32 bits, so that the line has room for all that
/// a glance of a reader without a lock reads.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Twice the number of entries stored, ever, modulo 2^32; the [meter](Meter) has the rest. And [`LOADING`].
    inserts: AtomicU32,
    /// Entries in the shard.
    stored: AtomicU32,
    /// Accesses that found an entry.
    pub(crate) hits: Counter,
    /// Accesses that found none.
    pub(crate) misses: Counter,
}

/// In `inserts`: keys of the shard are being loaded.
const LOADING: u32 = 1;
/// In `inserts`: an entry that was stored.
const INSERT: u32 = 2;

/// The other counters of one shard.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Twice the number of times that the inserts in [`Counts`] have reached 2^31; odd while that is being noted.
    insert_carries: Counter,
    /// The total weight of the entries, if they are weighed.
    pub(crate) weight: Counter,
    pub(crate) expired: Counter,
    pub(crate) evicted: Counter,
}

impl Counts {
    /// The number of entries in the shard.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.stored.load(Ordering::Relaxed) as usize
    }

    /// Sets the number of entries. The caller holds the exclusive lock, so no other thread writes.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "each entry has a slot, whose number has 32 bits")]
    pub(crate) fn set_len(&self, len: usize) {
        self.stored.store(len as u32, Ordering::Relaxed);
    }

    /// Whether keys of the shard are being loaded: exact for a caller that holds the exclusive lock.
    #[inline]
    pub(crate) fn is_loading(&self) -> bool {
        self.inserts.load(Ordering::Relaxed) & LOADING != 0
    }

    /// Sets whether keys of the shard are being loaded. The caller holds the exclusive lock, so no other thread writes.
    pub(crate) fn set_loading(&self, is_loading: bool) {
        let inserts = self.inserts.load(Ordering::Relaxed) & !LOADING;
        self.inserts.store(inserts | if is_loading { LOADING } else { 0 }, Ordering::Relaxed);
    }

    /// Counts an entry that was stored. The caller holds the exclusive lock, so no other thread writes.
    #[inline]
    pub(crate) fn add_insert(&self, meter: &Meter) {
        match self.inserts.load(Ordering::Relaxed).checked_add(INSERT) {
            Some(inserts) => self.inserts.store(inserts, Ordering::Relaxed),
            None => self.carry_insert(meter),
        }
    }

    #[cold]
    #[inline(never)]
    fn carry_insert(&self, meter: &Meter) {
        let carries = &meter.insert_carries;
        carries.set(carries.get() + 1);
        // With the acquire fence of `inserts`.
        fence(Ordering::Release);
        self.inserts.store(self.inserts.load(Ordering::Relaxed) & LOADING, Ordering::Relaxed);
        // Release, with the acquire load of `inserts`.
        carries.0.store(carries.get() + 1, Ordering::Release);
    }

    /// Entries stored, ever.
    pub(crate) fn inserts(&self, meter: &Meter) -> u64 {
        let carries = &meter.insert_carries;
        loop {
            // Acquire, with the release at the end of `carry_insert`: what it left is seen.
            let before = carries.0.load(Ordering::Acquire);
            let inserts = u64::from(self.inserts.load(Ordering::Relaxed) / INSERT);
            // With the release fence of `carry_insert`: who has seen what it stored sees the odd number.
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && carries.get() == before {
                return (before / 2) << 31 | inserts;
            }
            hint::spin_loop();
        }
    }
}

/// A count that any thread may read. Relaxed, since it orders nothing.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds one. The caller holds the exclusive lock, so no other thread writes.
    #[inline]
    pub(crate) fn add(&self) {
        self.set(self.get() + 1);
    }

    /// Sets the count. The caller holds the exclusive lock, so no other thread writes.
    #[inline]
    pub(crate) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Meter};
    use std::{
        sync::atomic::{AtomicBool, Ordering::Relaxed},
        thread,
    };

    #[test]
    fn inserts_are_counted_beyond_31_bits() {
        for is_loading in [false, true] {
            let (counts, meter) = (Counts::default(), Meter::default());
            for carries in 1..=3_u64 {
                counts.inserts.store(u32::MAX - 3, Relaxed);
                counts.set_loading(is_loading);
                for more in 0..4 {
                    assert_eq!(counts.inserts(&meter) + 2, (carries << 31) + more);
                    counts.add_insert(&meter);
                    assert_eq!(counts.is_loading(), is_loading);
                }
            }
        }
    }

    #[test]
    fn a_carry_is_seen_whole() {
        let (counts, meter, is_done) = (Counts::default(), Meter::default(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..if cfg!(miri) { 50 } else { 50_000 } {
                    let inserts = counts.inserts(&meter);
                    // Leaves out all but the last of so many inserts.
                    counts.inserts.store(u32::MAX, Relaxed);
                    counts.add_insert(&meter);
                    assert_eq!(counts.inserts(&meter) >> 31, (inserts >> 31) + 1);
                }
                is_done.store(true, Relaxed);
            });
            let mut last = 0;
            while !is_done.load(Relaxed) {
                let inserts = counts.inserts(&meter);
                assert!(inserts >= last, "{inserts:x} after {last:x}");
                last = inserts;
            }
        });
    }
}
