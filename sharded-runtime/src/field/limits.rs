//! The most that one call does for entries other than its own.

/// Due buckets that a write looks through. As many are scheduled together, so each write that schedules some does the
/// work of an earlier one.
pub(super) const LOOKS_PER_WRITE: usize = 8;
/// Expired entries that a write removes. It adds one at most, so they do not pile up.
pub(super) const EXPIRED_PER_WRITE: usize = 4;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(crate) const BATCH: usize = 64;

/// Other shards that are searched in a row without finding an entry that may be evicted.
pub(super) const MOST_SEARCHED: usize = 16;
/// Further lock holds in which the new entry's own shard is searched for one.
pub(super) const MORE_SEARCHES: u64 = 3;
