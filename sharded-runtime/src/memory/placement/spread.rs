//! The placement `Spread`.

use super::{site::Site, traits::Placement};
use crate::topology::{Node, NodeId};

/// The shards in blocks over the nodes that have CPUs and memory for the process: `numa = Spread`, the default.
///
/// With `s` shards and `n` such nodes, sorted by number, shard `i` lies on the node at index `i n / s`. So the shards
/// per node differ by at most one. Keys spread evenly over shards, so entries spread evenly over nodes, and accesses
/// over memory controllers.
///
/// # Examples
///
/// ```
/// use sharded::{placement::{Placement, Site, Spread}, topology::{Node, NodeId, Topology}};
///
/// // The last node has no CPUs.
/// let nodes = [vec![0, 1], vec![2, 3], vec![]];
/// let nodes = (0..).zip(nodes).map(|(id, cpus)| Node::new(NodeId::new(id), cpus, 1 << 30));
/// let site = Site::of(Topology::new(nodes));
/// let nodes: Vec<_> = (0..4).filter_map(|shard| Spread::node(shard, 4, &site)).map(NodeId::get).collect();
/// assert_eq!(nodes, [0, 0, 1, 1]);
/// ```
#[derive(Debug)]
pub enum Spread {}

impl Placement for Spread {
    fn node(shard: usize, shards: usize, site: &Site) -> Option<NodeId> {
        let homes = site.topology().homes().count();
        site.topology().homes().nth(shard * homes / shards).map(Node::id)
    }
}
