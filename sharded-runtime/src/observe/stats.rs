//! The counters of a shard, and the statistics of a map.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since a map was built. They are not of one moment: each shard is read by itself, without a lock.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(ttl = "1h", shards = 4)]
/// struct Shop {
///     carts: HashMap<u32, String>,
/// }
/// let shop = Shop::new();
/// shop.carts().insert(1, "apple".to_owned());
/// shop.carts().get(&1);
/// shop.carts().get(&2);
/// let stats = shop.carts().stats();
/// assert_eq!((stats.hits, stats.misses, stats.inserts), (1, 1, 1));
/// assert_eq!(stats.hit_ratio(), Some(0.5));
/// assert_eq!(stats.shard_sizes.len(), 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Accesses that found an entry: by [`get`](crate::ShardedMap::get) and [`get_many`](crate::ShardedMap::get_many)
    /// (per key), `with`, `with_mut`, `upsert`, `compute`, `get_or_insert_with`, and those that load, such as
    /// [`get_or_try_insert_with`](crate::ShardedMap::get_or_try_insert_with); of a set, by `contains`.
    pub hits: u64,
    /// The same accesses, if they found no entry or an expired one.
    pub misses: u64,
    /// Entries stored, including those that replaced another.
    pub inserts: u64,
    /// Entries removed because they had expired. `drain`, `clear` and `invalidate_all` count them only if there is a
    /// [removal listener](crate::ShardedMap#removal-listener).
    pub expired: u64,
    /// Entries removed to make room, and entries that found no room, unless the call gave them back.
    pub evicted: u64,
    /// Entries that found no room and that a call gave back, such as [`try_insert`](crate::ShardedMap::try_insert).
    pub refused: u64,
    /// Contained panics: of the [removal listener](crate::ShardedMap#removal-listener), and of the `Drop` of entries
    /// that it was called with.
    pub listener_panics: u64,
    /// Entries stored in each shard.
    pub shard_sizes: Vec<usize>,
    /// Bytes that the tables of all shards use now, with the metadata of eviction and expiry, but without memory that
    /// keys and values own.
    pub table_bytes: usize,
    /// Blocks of such memory that were ever allocated. While this number stays the same, no table has grown.
    pub table_blocks: u64,
}

impl Stats {
    /// The share of accesses that found an entry, or `None` before the first access.
    ///
    /// # Examples
    ///
    /// See [`Stats`].
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a ratio")]
    pub fn hit_ratio(&self) -> Option<f64> {
        let accesses = self.hits + self.misses;
        (accesses > 0).then(|| self.hits as f64 / accesses as f64)
    }
}

/// Accesses under the exclusive lock. These counters share a cache line with the lock, which the access writes anyway.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Accesses that found an entry.
    pub(crate) hits: Counter,
    /// Accesses that found none.
    pub(crate) misses: Counter,
}

/// The other counters of one shard.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Entries stored, ever.
    pub(crate) inserts: Counter,
    pub(crate) expired: Counter,
    pub(crate) evicted: Counter,
    /// Entries in the shard.
    pub(crate) stored: Counter,
    /// Their total weight, if they are weighed.
    pub(crate) weight: Counter,
}

/// A count that any thread may read. Relaxed: it orders nothing.
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
