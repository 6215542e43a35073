//! Limits of the work that one call does for entries other than its own.

/// Due buckets that a write searches. A region has as many, so each write that schedules a region does the work of an
/// earlier one.
pub(super) const LOOKS_PER_WRITE: usize = 8;
/// Expired entries that a write removes. A write adds one at most, so expired entries do not accumulate.
pub(super) const EXPIRED_PER_WRITE: usize = 4;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(crate) const BATCH: usize = 64;

/// Other shards that are searched in a row without finding an evictable entry.
pub(super) const MOST_SEARCHED: usize = 16;
/// Further lock holds in which the new entry's own shard is searched for one.
pub(super) const MORE_SEARCHES: u64 = 3;
