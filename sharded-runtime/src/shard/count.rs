//! How many shards a map has, and how many it may have: one type for each choice.

use crate::topology;

/// The most shards that a map can have: 2^16.
pub const MAX_SHARDS: usize = 1 << 16;

/// Where entries are evicted, a map has no more shards than leave each so many entries of the capacity (or units of
/// weight), and so only one below twice as many.
///
/// What leaves is the worst of its shard, and among a handful it may still be one of the best of the map: LRU in 64
/// shards with two entries each evicts much of what LRU would keep. So small maps have fewer shards than are declared,
/// unless the number is [asked for](crate::builder::FieldOptions::shards) when the store is built.
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

/// A number of shards fixed when the program is built: `shards = 64`.
///
/// It is a power of two, at most [`MAX_SHARDS`]; anything else does not compile.
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

/// A number of shards decided when the store is built: `shards = auto`, the default.
///
/// Thirty-two for each CPU that the process may use (as it was when its first store was built), rounded up to a power
/// of two, between 32 and 1024. So a thread seldom finds its shard taken by another, and an exclusive lock seldom comes
/// from another CPU's cache. `sharded-tune shards` measures what each number is worth on a machine. On 2 CPUs, with
/// threads that do nothing but use one map of 100,000 entries, as a share of the best number's throughput:
///
/// | shards for each CPU | `Mutex` | `RwLock` | `Optimistic` | memory |
/// |---|---|---|---|---|
/// | 1 | 0.38 to 0.59 | 0.33 to 0.63 | 0.40 to 1.00 | 0.85 |
/// | 8 | 0.65 to 0.83 | 0.68 to 0.91 | 0.67 to 1.00 | 0.88 |
/// | 32 | 0.87 to 0.98 | 0.89 to 1.00 | 0.88 to 1.00 | 1 |
/// | 128 | 0.98 to 1.00 | 0.98 to 1.00 | 0.84 to 0.99 | 1 |
///
/// The ranges are over reads, reads with a tenth of inserts, and changes, each with 2 and 4 threads (Linux, AMD EPYC,
/// November 2026). With more CPUs it has not been measured; that the number grows with theirs, and the bound, are
/// reasoned.
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
