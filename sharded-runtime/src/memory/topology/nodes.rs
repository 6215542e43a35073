//! The NUMA nodes of a machine.

use super::node::{Node, NodeId};
use crate::memory::sys;
use std::sync::Arc;

/// The NUMA nodes of a machine.
///
/// # Examples
///
/// ```
/// use sharded::topology::Topology;
///
/// for node in Topology::current().nodes() {
///     println!("node {}: CPUs {:?}, {} MiB", node.id(), node.cpus(), node.memory() >> 20);
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topology {
    nodes: Arc<[Node]>,
}

impl Topology {
    /// A machine with these nodes.
    ///
    /// # Panics
    ///
    /// If there is no node, or if two have the same number.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::topology::{Node, NodeId, Topology};
    ///
    /// let near = Node::new(NodeId::new(0), 0..8, 64 << 30);
    /// let far = Node::new(NodeId::new(1), [], 512 << 30);
    /// let machine = Topology::new([near, far]);
    /// assert_eq!(machine.nodes().len(), 2);
    /// ```
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let mut nodes: Vec<Node> = nodes.into_iter().collect();
        nodes.sort_by_key(Node::id);
        assert!(!nodes.is_empty(), "a topology must have a node");
        if let Some(twice) = nodes.windows(2).find(|pair| pair[0].id() == pair[1].id()) {
            panic!("a topology must not have two nodes {}", twice[0].id());
        }
        Self { nodes: nodes.into() }
    }

    /// The nodes, ascending by number. There is at least one.
    ///
    /// # Examples
    ///
    /// See [`Topology`].
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node with this number. O(log nodes).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::{Node, NodeId, Topology};
    /// let machine = Topology::new([Node::new(NodeId::new(0), 0..8, 64 << 30)]);
    /// assert_eq!(machine.node(NodeId::new(0)).unwrap().cpus().len(), 8);
    /// assert!(machine.node(NodeId::new(1)).is_none());
    /// ```
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        let at = self.nodes.binary_search_by_key(&id, Node::id).ok()?;
        Some(&self.nodes[at])
    }

    /// The nodes that shards are spread over: those with both CPUs and memory for this process, or else those with
    /// memory, or else the first node.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::topology::{Node, NodeId, Topology};
    ///
    /// let near = Node::new(NodeId::new(0), 0..8, 64 << 30);
    /// let far = Node::new(NodeId::new(1), [], 512 << 30);
    /// let machine = Topology::new([near, far]);
    /// assert!(machine.homes().map(Node::id).eq([NodeId::new(0)]));
    /// ```
    pub fn homes(&self) -> impl Iterator<Item = &Node> {
        let has_both = |node: &Node| has_cpus(node) && has_memory(node);
        let any_has_both = self.nodes.iter().any(has_both);
        let any_has_memory = self.nodes.iter().any(has_memory);
        let is_home = move |&(at, node): &(usize, &Node)| match (any_has_both, any_has_memory) {
            (true, _) => has_both(node),
            (false, true) => has_memory(node),
            (false, false) => at == 0,
        };
        self.nodes.iter().enumerate().filter(is_home).map(|(_, node)| node)
    }

    /// The node of a CPU: the first one, if several list it. `None` if the CPU is offline or this process may not run
    /// on it. O(nodes · log CPUs).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::{Node, NodeId, Topology};
    /// let machine = Topology::new([Node::new(NodeId::new(0), 0..8, 0), Node::new(NodeId::new(1), 8..16, 0)]);
    /// assert_eq!(machine.node_of_cpu(9), Some(NodeId::new(1)));
    /// assert_eq!(machine.node_of_cpu(16), None);
    /// ```
    #[must_use]
    pub fn node_of_cpu(&self, cpu: u32) -> Option<NodeId> {
        self.nodes.iter().find(|node| node.cpus().binary_search(&cpu).is_ok()).map(Node::id)
    }

    /// The nearest node with memory: `from` itself, if it has some. Of several at the same distance, and of those at
    /// unknown distances, it is the one with the lowest number. If no node has memory, it is `from`. O(nodes · log
    /// nodes).
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::topology::{Node, NodeId, Topology};
    ///
    /// let [a, b, c] = [0, 1, 2].map(NodeId::new);
    /// let without = Node::new(a, 0..8, 0).with_distances([(a, 10), (b, 31), (c, 21)]);
    /// let machine = Topology::new([without, Node::new(b, 8..16, 64 << 30), Node::new(c, 16..24, 64 << 30)]);
    /// assert_eq!(machine.nearest_memory(b), b);
    /// assert_eq!(machine.nearest_memory(a), c);
    /// ```
    #[must_use]
    pub fn nearest_memory(&self, from: NodeId) -> NodeId {
        self.nearest(from, has_memory).unwrap_or(from)
    }

    /// The node that the calling thread runs on now, or the first node if that isn't known. Unless the thread is
    /// pinned, it may change at any time. O(nodes · log CPUs). Asking the kernel needs no system call on most machines.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::topology::Topology;
    /// let machine = Topology::current();
    /// assert!(machine.node(machine.here()).is_some());
    /// ```
    #[must_use]
    pub fn here(&self) -> NodeId {
        let cpu = sys::thread::current_cpu();
        cpu.and_then(|cpu| self.node_of_cpu(cpu)).unwrap_or_else(|| self.nodes[0].id())
    }

    /// Like [`nearest_memory`](Self::nearest_memory), for CPUs. `None` if no node has CPUs.
    pub(crate) fn nearest_cpus(&self, from: NodeId) -> Option<NodeId> {
        self.nearest(from, has_cpus)
    }

    /// The nearest node for which `has` is true, see [`nearest_memory`](Self::nearest_memory).
    fn nearest(&self, from: NodeId, has: impl Fn(&Node) -> bool) -> Option<NodeId> {
        let start = self.node(from);
        if start.is_some_and(&has) {
            return Some(from);
        }
        let distance = |to: &Node| start.and_then(|start| start.distance_to(to.id())).unwrap_or(u32::MAX);
        // `min_by_key` returns the first of several at the same distance.
        self.nodes.iter().filter(|&node| has(node)).min_by_key(|&node| distance(node)).map(Node::id)
    }
}

fn has_cpus(node: &Node) -> bool {
    !node.cpus().is_empty()
}

fn has_memory(node: &Node) -> bool {
    node.memory() > 0
}
