//! The statistics of a tiered field.

use std::{
    ops::Sub,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// What has happened in a tiered field since it was built, and on its connection since that was made.
///
/// Subtract an earlier value to see what happened in between.
///
/// # Examples
///
/// ```no_run
/// # use sharded::{sharded, tier::Redis};
/// # use std::collections::HashMap;
/// # #[sharded]
/// # struct Shop {
/// #     #[shard(tier = Redis, ttl = "10m")]
/// #     names: HashMap<u64, String>,
/// # }
/// # async fn report(shop: &Shop) {
/// let stats = shop.names().tier_stats();
/// println!("{} of {} reads left the process", stats.remote_hits + stats.misses, stats.reads());
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierStats {
    /// Reads, per key, that the near cache answered.
    pub near_hits: u64,
    /// Reads, per key, to which the server returned a value.
    pub remote_hits: u64,
    /// Reads, per key, for which the server had no value.
    pub misses: u64,
    /// Calls of a loader.
    pub loads: u64,
    /// Loaded values that were not stored, since the key was written or removed meanwhile, or the server failed.
    pub loads_not_stored: u64,
    /// Waits of a call that loads for another process that loads the key.
    pub lease_waits: u64,
    /// Bytes of values that were sent to the server.
    pub bytes_sent: u64,
    /// Bytes of values that the server sent.
    pub bytes_received: u64,
    /// Of the connection: keys that the server has invalidated.
    pub invalidations: u64,
    /// Of the connection: times that the server has invalidated everything.
    pub flushes: u64,
    /// Of the connection: times that it was lost.
    pub losses: u64,
    /// Of the connection: whether there is one now.
    pub is_connected: bool,
    /// Of the connection: how long ago the latest `PING` was sent that was answered. The near cache answers while this
    /// is less than the staleness.
    pub lag: Duration,
}

impl TierStats {
    /// Reads, per key: near hits, remote hits and misses.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.near_hits + self.remote_hits + self.misses
    }
}

impl Sub for TierStats {
    type Output = TierStats;

    /// Counts since `earlier`. The state of the connection is that of `self`.
    fn sub(self, earlier: TierStats) -> TierStats {
        TierStats {
            near_hits: self.near_hits.saturating_sub(earlier.near_hits),
            remote_hits: self.remote_hits.saturating_sub(earlier.remote_hits),
            misses: self.misses.saturating_sub(earlier.misses),
            loads: self.loads.saturating_sub(earlier.loads),
            loads_not_stored: self.loads_not_stored.saturating_sub(earlier.loads_not_stored),
            lease_waits: self.lease_waits.saturating_sub(earlier.lease_waits),
            bytes_sent: self.bytes_sent.saturating_sub(earlier.bytes_sent),
            bytes_received: self.bytes_received.saturating_sub(earlier.bytes_received),
            invalidations: self.invalidations.saturating_sub(earlier.invalidations),
            flushes: self.flushes.saturating_sub(earlier.flushes),
            losses: self.losses.saturating_sub(earlier.losses),
            is_connected: self.is_connected,
            lag: self.lag,
        }
    }
}

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
    pub(super) bytes_sent: Count,
    pub(super) bytes_received: Count,
}

/// What a connection counts.
#[derive(Debug, Default)]
pub(super) struct LinkCounts {
    pub(super) invalidations: Count,
    pub(super) flushes: Count,
    pub(super) losses: Count,
}
