//! What a placement is asked.

use super::site::Site;
use crate::topology::NodeId;

/// On which node each shard lies, chosen with `numa = …`.
///
/// # Examples
///
/// One's own, on the nodes with the most memory:
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
    /// Whether memory of a shard may come from its node alone.
    const STRICT: bool = false;

    /// The node of a shard, one of `shards`. `None`: wherever its memory is first touched.
    ///
    /// Whoever builds the map panics if there is no such node, or if it has no memory for the process.
    fn node(shard: usize, shards: usize, site: &Site) -> Option<NodeId>;
}
