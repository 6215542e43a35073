//! How much one call does at most for entries that it was not about.

/// Due buckets that a write looks through on the way: as many as are scheduled together, so that a write that has an entry scheduled also
/// looks through what an earlier one did.
pub(super) const LOOKS_PER_WRITE: usize = 8;
/// Expired entries that a write removes on the way: more than the one that it may add.
pub(super) const EXPIRED_PER_WRITE: usize = 4;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(crate) const BATCH: usize = 64;

/// Shards that are searched in vain for entries that may be evicted, besides that of the entry that comes.
pub(super) const MOST_SEARCHED: usize = 16;
/// Lock holds, after the first, in which the shard of the entry that comes is searched for one.
pub(super) const MORE_SEARCHES: u64 = 3;
