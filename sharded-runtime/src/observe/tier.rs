//! The statistics of a tiered field.

use std::{ops::Sub, time::Duration};

/// What has happened in a tiered field since it was built, and on its connections since they were made.
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
    /// Reads, per key, that the near cache answered with a marked stale value.
    pub stale_hits: u64,
    /// Bytes of values that were sent to the server.
    pub bytes_sent: u64,
    /// Bytes of values that the server sent.
    pub bytes_received: u64,
    /// Of all fields with these connections: keys that a server has invalidated.
    pub invalidations: u64,
    /// Of all fields with these connections: times that a server has invalidated everything.
    pub flushes: u64,
    /// Of all fields with these connections: times that one was lost.
    pub losses: u64,
    /// Whether there is a connection to each server now.
    pub is_connected: bool,
    /// How long ago the latest sign of life was asked for that a server gave. The near cache answers while this is less
    /// than the staleness. With several servers, that of the one that is silent for longest.
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
            stale_hits: self.stale_hits.saturating_sub(earlier.stale_hits),
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
