//! What has happened in a map so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since a map was built, as of no single moment: each shard is read by itself, without a lock.
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
    /// Accesses that found an entry: by [`get`](crate::ShardedMap::get) and [`get_many`](crate::ShardedMap::get_many) (per
    /// key), `with`, `with_mut`, `upsert`, `compute`, `get_or_insert_with`, and those that load, such as
    /// [`get_or_try_insert_with`](crate::ShardedMap::get_or_try_insert_with); of a set, by `contains`.
    pub hits: u64,
    /// The same accesses where they found none, or one that had expired.
    pub misses: u64,
    /// Entries stored, those that replaced another too.
    pub inserts: u64,
    /// Entries removed because they had expired.
    pub expired: u64,
    /// Entries removed to make room, and those for which there was none, unless a call gave them back.
    pub evicted: u64,
    /// Panics of the [removal listener](crate::ShardedMap#removal-listener), and of the `Drop` of what it was told of, each of which was contained.
    pub listener_panics: u64,
    /// Entries stored in each shard.
    pub shard_sizes: Vec<usize>,
    /// Bytes of memory that the tables of all shards have now, with what is known of entries for their expiry and their eviction. What keys and
    /// values point to is not in it.
    pub table_bytes: usize,
    /// Blocks of such memory that were ever taken, the large and the small ones: as long as this stays, no table grew.
    pub table_blocks: u64,
}

impl Stats {
    /// The part of the accesses that found an entry, or `None` before the first access.
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

/// The uses that those count who have a shard to themselves: beside the lock, on a line that is theirs anyway.
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
    /// What they weigh together, where they are weighed.
    pub(crate) weight: Counter,
}

/// A count that everyone may read. Relaxed: it orders nothing.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds one, where the exclusive lock keeps all others from it.
    #[inline]
    pub(crate) fn add(&self) {
        self.set(self.get() + 1);
    }

    /// Sets the count, where the exclusive lock keeps all others from it.
    #[inline]
    pub(crate) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }
}
