//! What a tier counts.

pub use crate::observe::tier::TierStats;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A number of events. Relaxed: nothing else depends on it.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of events that many threads count at once, each in one of several cache lines.
#[derive(Debug, Default)]
pub(super) struct BusyCount(Box<[Line; LINES]>);

const LINES: usize = 16;

#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

impl BusyCount {
    #[inline]
    pub(super) fn add(&self, more: u64) {
        thread_local! {
            static LINE: usize = {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                NEXT.fetch_add(1, Ordering::Relaxed) % LINES
            };
        }
        // A thread that ends has no number any more.
        let line = LINE.try_with(|line| *line).unwrap_or(0);
        self.0[line].0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.iter().map(|line| line.0.load(Ordering::Relaxed)).sum()
    }
}

/// What a field counts by itself.
#[derive(Debug, Default)]
pub(super) struct FieldCounts {
    pub(super) near_hits: BusyCount,
    pub(super) remote_hits: Count,
    pub(super) misses: Count,
    pub(super) loads: Count,
    pub(super) loads_not_stored: Count,
    pub(super) lease_waits: Count,
    pub(super) stale_hits: Count,
    pub(super) bytes_sent: Count,
    pub(super) bytes_received: Count,
}

/// What all connections of a tier count.
#[derive(Debug, Default)]
pub(super) struct LinkCounts {
    pub(super) invalidations: Count,
    pub(super) flushes: Count,
    pub(super) losses: Count,
}
