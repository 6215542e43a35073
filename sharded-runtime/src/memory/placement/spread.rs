use super::{site::Site, traits::Placement};
use crate::topology::{Node, NodeId};

/// The shards in blocks over the nodes that have CPUs and memory for the process: `numa = Spread`, the default.
///
/// Of `s` shards and `n` such nodes, shard `i` lies on node `i n / s` of them, in the order of their numbers: each has as many as the others, or one
/// more. Keys are spread evenly over shards, so each node has its share of the entries, and each memory controller of the accesses.
///
/// # Examples
///
/// ```
/// use sharded::{placement::{Placement, Site, Spread}, topology::{Node, NodeId, Topology}};
///
/// // The last one has no CPUs.
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
