use std::thread;

/// The most shards that a map can have: 2^16.
pub const MAX_SHARDS: usize = 1 << 16;

/// Where entries are evicted, a map has no more shards than leave each so many entries of the capacity (or units of weight), and so only one
/// below twice as many.
///
/// What leaves is the worst of its shard, and among a handful it may still be one of the best of the map: LRU in 64 shards with two entries
/// each evicts much of what LRU would keep. So small maps have fewer shards than are declared, unless the number is
/// [asked for](crate::builder::FieldOptions::shards) when the store is built.
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

/// The most shards that have [`ENTRIES_TO_EVICT_WELL`] of a capacity each.
pub(crate) fn to_evict_well(capacity: usize) -> usize {
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
/// Four for each CPU that the process may use, rounded up to a power of two, between 16 and 1024. With `n` threads at
/// random over `4 n` shards, a thread finds its shard taken by another less than once in four times even if the others never
/// leave theirs; more shards cost memory, fewer cost waiting. What each number is worth on a machine, `sharded-tune shards` measures.
///
/// # Examples
///
/// ```
/// use sharded::shards::{Auto, ShardCount};
///
/// assert!((16..=1024).contains(&Auto::count()));
/// ```
#[derive(Debug)]
pub enum Auto {}

impl ShardCount for Auto {
    fn count() -> usize {
        let cpus = thread::available_parallelism().map_or(1, usize::from);
        cpus.saturating_mul(4).min(1024).next_power_of_two().max(16)
    }
}
