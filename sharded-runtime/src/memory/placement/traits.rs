//! The trait of placements.

use super::site::Site;
use crate::topology::NodeId;

/// Which node each shard lies on, chosen with `numa = …`.
///
/// # Examples
///
/// A custom placement, on the node with the most memory:
///
/// ```
/// use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement::{Placement, Site}, shards, topology::NodeId};
///
/// enum Roomiest {}
/// impl Placement for Roomiest {
///     fn node(_shard: usize, _shards: usize, site: &Site) -> Option<NodeId> {
///         site.topology().homes().max_by_key(|node| node.memory()).map(|node| node.id())
///     }
/// }
///
/// enum Prices {}
/// impl Policy for Prices {
///     type Shards = shards::Fixed<16>;
///     type Lock = lock::Optimistic;
///     type Expiry = expiry::Never;
///     type Eviction = evict::Unbounded;
///     type Placement = Roomiest;
///     type Clock = clock::System;
///     const NAME: &'static str = "prices";
/// }
/// let prices: ShardedMap<u32, u64, Prices> = ShardedMap::new();
/// assert!(prices.node_of(&7).is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a placement",
    label = "not a `Placement`",
    note = "`numa = …` names `Spread`, `Local`, `Off`, `StrictSpread`, `StrictLocal`, or a type of your own that implements `sharded::placement::Placement`"
)]
pub trait Placement: 'static {
    /// Whether memory of other nodes than that of the shard is refused.
    const STRICT: bool = false;

    /// The node of a shard, out of `shards` shards. `None`: the node of the thread that first touches its memory.
    ///
    /// Building the map panics if there is no such node, or if it has no memory for the process.
    fn node(shard: usize, shards: usize, site: &Site) -> Option<NodeId>;
}
