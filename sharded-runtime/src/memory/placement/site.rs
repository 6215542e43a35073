//! Where a store is built.

use crate::topology::{self, NodeId, Topology};
use std::sync::OnceLock;

/// The machine, and the node of the thread that builds a store.
///
/// # Examples
///
/// ```
/// use sharded::placement::Site;
///
/// let site = Site::current();
/// assert!(site.topology().node(site.here()).is_some());
/// ```
#[derive(Debug, Default)]
pub struct Site {
    topology: OnceLock<Topology>,
    here: OnceLock<NodeId>,
}

impl Site {
    /// This machine and the calling thread. Both are determined when they are first asked for.
    #[must_use]
    pub fn current() -> Self {
        Self::default()
    }

    /// The given machine, for tests. The calling thread is on the node that its CPU belongs to there.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{placement::{Placement, Site, Spread}, topology::{Node, NodeId, Topology}};
    ///
    /// let nodes = [0, 1].map(|node| Node::new(NodeId::new(node), [node], 1 << 30));
    /// let site = Site::of(Topology::new(nodes));
    /// let first_and_last = [0, 63].map(|shard| Spread::node(shard, 64, &site));
    /// assert_eq!(first_and_last, [Some(NodeId::new(0)), Some(NodeId::new(1))]);
    /// ```
    #[must_use]
    pub fn of(topology: Topology) -> Self {
        Site { topology: topology.into(), here: OnceLock::new() }
    }

    /// The machine. The system is read once for each set of CPUs that a thread which builds a store may run on.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        self.topology.get_or_init(topology::known)
    }

    /// The node of the thread that builds the store.
    #[must_use]
    pub fn here(&self) -> NodeId {
        *self.here.get_or_init(|| self.topology().here())
    }

    /// Whether memory can come from more than one node.
    pub(crate) fn has_choice(&self) -> bool {
        self.topology().nodes().iter().filter(|node| node.memory() > 0).count() > 1
    }
}
