//! The statistics of a map.

use super::waits::LockWaits;
use std::{
    iter::Sum,
    ops::{AddAssign, Sub},
    time::Duration,
};

/// Counts of what has happened in a map since it was built, and its present size.
///
/// Shards are read one after the other, without a lock, so the numbers are not of one moment. Each number except
/// `lock_waits` is exact once the calls that it counts have returned and no other call is running.
///
/// Reading them takes O(shards + CPUs), and no lock except that of the queue of a removal listener, for a moment. With
/// 1,024 shards that is about 40,000 instructions, or 10 us, so reading them once a second is cheap. The next write to
/// each shard then fetches the cache line of its counters again.
///
/// There is no count of entries by age, since the map does not order entries by age: the timing wheel has only the
/// first deadline of a group of entries, and the queues of an eviction have no times. Such a count would have to visit
/// each entry under the lock of its shard, as [`for_each`](crate::ShardedMap::for_each) does. That takes about 160
/// instructions, or 25 ns, per entry.
///
/// Subtract an earlier value to see what happened in between, and add up the values of several maps:
///
/// | | counts | sizes (`removals_waiting`, `shard_sizes`, `table_bytes`, `retired`, `retired_bytes`) |
/// |---|---|---|
/// | `after - before` | the difference, zero at least | those of `after` |
/// | `sum`, `+=` | the sum | the sum; `shard_sizes` has the shards of all maps |
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
/// assert_eq!((stats.entries(), stats.largest_shard(), stats.mean_shard()), (1, 1, 0.25));
///
/// shop.carts().get(&1);
/// assert_eq!((shop.carts().stats() - stats).hits, 1);
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
    /// Entries that found no room and that a call gave back, such as [`try_insert`](crate::ShardedMap::try_insert), and
    /// [transactions](crate::transaction()) that this map had no room for.
    pub refused: u64,
    /// Calls of a loader, by [`get_or_try_insert_with`](crate::ShardedMap::get_or_try_insert_with) and its like.
    pub loads: Loads,
    /// Waits for the locks of shards.
    pub lock_waits: LockWaits,
    /// Entries that wait for the [removal listener](crate::ShardedMap#removal-listener) or to be
    /// [received](crate::ShardedMap::removals).
    pub removals_waiting: usize,
    /// Entries that could not be [received](crate::ShardedMap::removals), because the channel was full.
    pub removals_missed: u64,
    /// Accesses from inside a closure that panicked, because they were
    /// [out of order](crate::ShardedMap#order-of-nested-accesses) or would have had to wait for a load.
    pub nesting_panics: u64,
    /// Contained panics: of the [removal listener](crate::ShardedMap#removal-listener), and of the `Drop` of entries
    /// that it was called with.
    pub listener_panics: u64,
    /// Entries stored in each shard.
    pub shard_sizes: Vec<usize>,
    /// Bytes that the tables of all shards use now, with the metadata of eviction and expiry, but without memory that
    /// keys and values own.
    pub table_bytes: usize,
    /// Entries of a map with [`lock = Rcu`](crate::lock::Rcu) that have left it, but are not dropped yet, since readers
    /// may still hold them.
    pub retired: usize,
    /// Bytes of these entries, without memory that keys and values own.
    pub retired_bytes: usize,
    /// Blocks of memory of the tables that were ever allocated. While this number stays the same, no table has grown.
    pub table_blocks: u64,
    /// Buckets that were split in two as tables grew. A bucket has about a dozen entries.
    pub splits: u64,
    /// Pairs of buckets that were merged as tables shrank.
    pub merges: u64,
}

/// Calls of a loader, a part of [`Stats`]. A loader that is a future begins when it is first polled.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     ages: HashMap<String, u32>,
/// }
/// let shop = Shop::new();
/// for text in ["many", "36"] {
///     let _ = shop.ages().get_or_try_insert_with("ada".to_owned(), || text.parse::<u32>());
/// }
/// let loads = shop.ages().stats().loads;
/// assert_eq!((loads.started, loads.ended, loads.failed), (2, 2, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loads {
    /// Loaders that began.
    pub started: u64,
    /// Those of them that began in order to replace an old value, see
    /// [`refresh_after`](crate::sharded#options).
    pub refreshes: u64,
    /// Loaders that have ended, with a value or without. Their mean time is `time` divided by this.
    pub ended: u64,
    /// Those of them that ended without a value: with an error or a panic, or because their future was dropped.
    pub failed: u64,
    /// Times that a call waited for the loader of another call.
    pub waits: u64,
    /// How long the loaders that have ended took together.
    pub time: Duration,
}

impl Stats {
    /// The number of stored entries, including expired ones that were not removed yet.
    ///
    /// # Examples
    ///
    /// See [`Stats`].
    #[must_use]
    pub fn entries(&self) -> usize {
        self.shard_sizes.iter().sum()
    }

    /// The number of entries in the shard that has the most.
    ///
    /// # Examples
    ///
    /// See [`Stats`].
    #[must_use]
    pub fn largest_shard(&self) -> usize {
        self.shard_sizes.iter().copied().max().unwrap_or(0)
    }

    /// The mean number of entries in a shard. If the [largest](Stats::largest_shard) has many times as many, the hasher
    /// spreads the keys badly.
    ///
    /// # Examples
    ///
    /// See [`Stats`].
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a mean")]
    pub fn mean_shard(&self) -> f64 {
        self.entries() as f64 / self.shard_sizes.len().max(1) as f64
    }

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

/// Implements the difference and the sum of statistics. A field that is not listed does not compile.
///
/// `counts` only grow. `parts` have a difference and a sum of their own. `levels` and `lists` are of the present: a
/// difference keeps those of the later statistics.
macro_rules! arithmetic {
    ($Type:ident {
        counts: $($count:ident)*;
        $(parts: $($part:ident)*; levels: $($level:ident)*; lists: $($list:ident)*;)?
    }) => {
        impl Sub for $Type {
            type Output = $Type;

            fn sub(self, before: $Type) -> $Type {
                $Type {
                    $($count: self.$count.saturating_sub(before.$count),)*
                    $(
                        $($part: self.$part - before.$part,)*
                        $($level: self.$level,)*
                        $($list: self.$list,)*
                    )?
                }
            }
        }

        impl AddAssign for $Type {
            fn add_assign(&mut self, other: $Type) {
                $(self.$count = self.$count.saturating_add(other.$count);)*
                $(
                    $(self.$part += other.$part;)*
                    $(self.$level += other.$level;)*
                    $(self.$list.extend(other.$list);)*
                )?
            }
        }
    };
}

arithmetic!(Stats {
    counts: hits misses inserts expired evicted refused removals_missed nesting_panics listener_panics table_blocks
        splits merges;
    parts: loads lock_waits;
    levels: removals_waiting table_bytes retired retired_bytes;
    lists: shard_sizes;
});
arithmetic!(Loads { counts: started refreshes ended failed waits time; });

impl Sum for Stats {
    fn sum<I: Iterator<Item = Stats>>(all: I) -> Stats {
        all.fold(Stats::default(), |mut sum, stats| {
            sum += stats;
            sum
        })
    }
}
