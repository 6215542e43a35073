//! How many shards a map has, and how many it may have.

use crate::topology;

/// The most shards that a map can have: 2^16.
pub const MAX_SHARDS: usize = 1 << 16;

/// The least capacity of a shard, in entries or units of weight, if entries are evicted. A map has at most as many
/// shards as have this capacity each. So with less than twice this capacity a map has one shard.
///
/// A victim is the worst entry of its shard. In a shard with few entries, it may be one of the best of the map: LRU in
/// 64 shards with two entries each evicts many entries that LRU in one shard would keep. So small maps have fewer
/// shards than declared, unless the number is [set](crate::builder::FieldOptions::shards) when the store is built.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(shards = 64)]
/// struct Web {
///     #[shard(capacity = 1_000)]
///     pages: HashMap<u32, String>,
/// }
/// assert_eq!(Web::new().pages().shard_count(), 8);
/// assert_eq!(Web::builder().pages(|pages| pages.capacity(100_000)).build().pages().shard_count(), 64);
/// assert_eq!(Web::builder().pages(|pages| pages.shards(64)).build().pages().shard_count(), 64);
/// ```
pub const ENTRIES_TO_EVICT_WELL: usize = 64;

/// The most shards that have [`ENTRIES_TO_EVICT_WELL`] of a capacity each: a power of two.
///
/// # Examples
///
/// ```
/// use sharded::shards::to_evict_well;
///
/// assert_eq!((to_evict_well(1_000), to_evict_well(1_024), to_evict_well(1)), (8, 16, 1));
/// ```
#[must_use]
pub fn to_evict_well(capacity: usize) -> usize {
    1 << (capacity / ENTRIES_TO_EVICT_WELL).max(1).ilog2()
}

/// How many shards a map has, chosen with `shards = …`.
///
/// # Examples
///
/// ```
/// use sharded::shards::{Auto, Fixed, ShardCount};
///
/// assert_eq!(Fixed::<64>::count(), 64);
/// assert!(Auto::count().is_power_of_two());
/// ```
pub trait ShardCount: 'static {
    /// The number of shards: a power of two, at most [`MAX_SHARDS`].
    fn count() -> usize;
}

/// A number of shards that is fixed at compile time: `shards = 64`.
///
/// It must be a power of two, at most [`MAX_SHARDS`]. Other numbers do not compile.
///
/// # Examples
///
/// ```
/// use sharded::shards::{Fixed, ShardCount};
///
/// assert_eq!(Fixed::<16>::count(), 16);
/// ```
///
/// ```compile_fail
/// use sharded::shards::{Fixed, ShardCount};
///
/// Fixed::<48>::count();
/// ```
#[derive(Debug)]
pub enum Fixed<const N: usize> {}

impl<const N: usize> ShardCount for Fixed<N> {
    fn count() -> usize {
        const { assert!(N.is_power_of_two() && N <= MAX_SHARDS, "shards must be a power of two, at most 65536") };
        N
    }
}

/// A number of shards that is determined when the store is built: `shards = auto`, the default.
///
/// It is 32 for each CPU that the process may use (when its first store is built), rounded up to a power of two,
/// between 32 and 1024. So a thread seldom finds its shard locked by another one, and the cache line of a lock seldom
/// comes from another CPU. `sharded-tune shards` measures the throughput of each number on a machine. On 2 CPUs, with
/// threads that only use one map of 100,000 entries, relative to the best number:
///
/// | shards for each CPU | `Mutex` | `RwLock` | `Optimistic` | memory |
/// |---|---|---|---|---|
/// | 1 | 0.38 to 0.59 | 0.33 to 0.63 | 0.40 to 1.00 | 0.85 |
/// | 8 | 0.65 to 0.83 | 0.68 to 0.91 | 0.67 to 1.00 | 0.88 |
/// | 32 | 0.87 to 0.98 | 0.89 to 1.00 | 0.88 to 1.00 | 1 |
/// | 128 | 0.98 to 1.00 | 0.98 to 1.00 | 0.84 to 0.99 | 1 |
///
/// The ranges are over reads, reads with a tenth of inserts, and changes, each with 2 and 4 threads (Linux, AMD EPYC,
/// November 2026). It has not been measured with more CPUs. The growth with the number of CPUs, and the bound, are
/// assumptions.
///
/// # Examples
///
/// ```
/// use sharded::shards::{Auto, ShardCount};
///
/// assert!((32..=1024).contains(&Auto::count()));
/// ```
#[derive(Debug)]
pub enum Auto {}

impl ShardCount for Auto {
    fn count() -> usize {
        topology::cpus().saturating_mul(32).min(1024).next_power_of_two()
    }
}
