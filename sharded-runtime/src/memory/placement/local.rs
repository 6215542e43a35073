//! The placement `Local`.

use super::{site::Site, traits::Placement};
use crate::topology::NodeId;

/// All shards on the node of the thread that builds the store, or on the nearest node with memory: `numa = Local`.
///
/// For one store per node, each built by a thread that is pinned to it.
///
/// # Examples
///
/// ```
/// use sharded::{placement::{Local, Placement, Site}, topology::{Node, NodeId, Topology}};
///
/// let site = Site::of(Topology::new([Node::new(NodeId::new(3), 0..64, 1 << 30)]));
/// assert_eq!(Local::node(7, 64, &site), Some(NodeId::new(3)));
/// ```
#[derive(Debug)]
pub enum Local {}

impl Placement for Local {
    fn node(_: usize, _: usize, site: &Site) -> Option<NodeId> {
        Some(site.topology().nearest_memory(site.here()))
    }
}
