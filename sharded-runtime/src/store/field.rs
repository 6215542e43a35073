//! One field of a store, without its types.

use super::{info::FieldInfo, sealed::Sealed};
use crate::{Recording, Stats, placement::FieldPlacement};

/// One map of a [`Store`](crate::Store), without its types: a [`ShardedMap`](crate::ShardedMap) or
/// [`ShardedSet`](crate::ShardedSet).
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// See [`Store`](crate::Store).
pub trait Field: Sealed {
    /// The field's name.
    fn name(&self) -> &'static str;
    /// The number of stored entries, see [`ShardedMap::len`](crate::ShardedMap::len).
    fn len(&self) -> usize;
    /// Whether no entry is stored.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The capacity, or `None` if there is none.
    fn capacity(&self) -> Option<usize>;
    /// The number of its shards.
    fn shard_count(&self) -> usize;
    /// Its declaration, as text.
    fn info(&self) -> FieldInfo;
    /// Its statistics.
    fn stats(&self) -> Stats;
    /// Removes expired entries and returns their number, see [`ShardedMap::sweep`](crate::ShardedMap::sweep).
    fn sweep(&self) -> usize;
    /// Removes every entry, see [`ShardedMap::clear`](crate::ShardedMap::clear).
    fn clear(&self);
    /// Where its shards are, see [`ShardedMap::placement`](crate::ShardedMap::placement).
    fn placement(&self) -> FieldPlacement;
    /// What has happened on the way to the servers, for a [tiered](crate::tier) field.
    #[cfg(feature = "redis")]
    fn tier_stats(&self) -> Option<crate::observe::tier::TierStats> {
        None
    }
    /// Its uses, if they can be recorded.
    #[doc(hidden)]
    fn recording(&self) -> Option<&Recording> {
        None
    }
}
