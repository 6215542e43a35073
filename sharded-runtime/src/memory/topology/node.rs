//! A NUMA node.

use std::fmt;

/// The number that the kernel gave to a NUMA node.
///
/// # Examples
///
/// ```
/// use sharded::topology::NodeId;
///
/// assert_eq!(NodeId::new(1).to_string(), "1");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(u32);

impl NodeId {
    /// The node with this number, which need not exist.
    ///
    /// # Examples
    ///
    /// See [`NodeId`].
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::NodeId;
    /// assert_eq!(NodeId::new(1).get(), 1);
    /// ```
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The CPUs of a node and the memory near to them, as far as this process may use them.
///
/// # Examples
///
/// ```
/// use sharded::topology::{Node, NodeId};
///
/// let node = Node::new(NodeId::new(0), 0..8, 64 << 30);
/// assert_eq!(node.cpus().len(), 8);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    id: NodeId,
    cpus: Vec<u32>,
    memory: u64,
    distances: Vec<(NodeId, u32)>,
}

impl Node {
    /// A node with these CPUs and this much memory in bytes, for [`Topology::new`](super::Topology::new). It may lack
    /// CPUs or memory.
    ///
    /// # Examples
    ///
    /// See [`Node`].
    #[must_use]
    pub fn new(id: NodeId, cpus: impl IntoIterator<Item = u32>, memory: u64) -> Self {
        let mut cpus: Vec<u32> = cpus.into_iter().collect();
        cpus.sort_unstable();
        cpus.dedup();
        Self { id, cpus, memory, distances: Vec::new() }
    }

    /// The node with these distances to others. They replace its former ones. If a node occurs twice, its last distance
    /// counts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::{Node, NodeId};
    /// let (here, there) = (NodeId::new(0), NodeId::new(1));
    /// let node = Node::new(here, 0..8, 64 << 30).with_distances([(here, 10), (there, 21)]);
    /// assert_eq!(node.distance_to(there), Some(21));
    /// ```
    #[must_use]
    pub fn with_distances(mut self, distances: impl IntoIterator<Item = (NodeId, u32)>) -> Self {
        self.distances = distances.into_iter().collect();
        // The sort is stable and `dedup` keeps the first, so after `reverse` the last distance stays.
        self.distances.reverse();
        self.distances.sort_by_key(|&(to, _)| to);
        self.distances.dedup_by_key(|&mut (to, _)| to);
        self
    }

    /// The number that the kernel gave to this node.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::{Node, NodeId};
    /// assert_eq!(Node::new(NodeId::new(3), 0..8, 0).id().get(), 3);
    /// ```
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The CPUs that are online and that this process may run on, ascending.
    ///
    /// # Examples
    ///
    /// See [`Node`].
    #[must_use]
    pub fn cpus(&self) -> &[u32] {
        &self.cpus
    }

    /// The bytes of its memory, used or not. Zero if this process may use none of it, [`u64::MAX`] if the system
    /// doesn't say.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::{Node, NodeId};
    /// assert_eq!(Node::new(NodeId::new(0), 0..8, 64 << 30).memory(), 64 << 30);
    /// ```
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The distance to the memory of a node, in the firmware's relative unit: 10 to its own, and 20 takes twice as
    /// long. `None` if the system doesn't say.
    ///
    /// # Examples
    ///
    /// See [`with_distances`](Self::with_distances).
    #[must_use]
    pub fn distance_to(&self, to: NodeId) -> Option<u32> {
        let at = self.distances.binary_search_by_key(&to, |&(to, _)| to).ok()?;
        Some(self.distances[at].1)
    }
}
