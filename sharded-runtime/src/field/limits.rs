//! How much one call does at most for other entries than its own.

/// Due buckets that a write looks through: as many as are scheduled together, so that each write that schedules some
/// pays for those of an earlier one.
pub(super) const LOOKS_PER_WRITE: usize = 8;
/// Expired entries that a write removes: more than the one that it may add.
pub(super) const EXPIRED_PER_WRITE: usize = 4;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(crate) const BATCH: usize = 64;

/// Shards that are searched in vain for an entry that may be evicted, besides the new entry's own.
pub(super) const MOST_SEARCHED: usize = 16;
/// Lock holds, after the first, in which the new entry's own shard is searched for one.
pub(super) const MORE_SEARCHES: u64 = 3;
