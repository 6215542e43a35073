//! The NUMA node of each shard, and its memory.

use crate::{
    Policy,
    builder::{BuildError, StoreContext},
    engine::table::{Shape, StampOf, TableOf},
    expiry::Stamp,
    memory::arena::{Arena, MemoryNode},
    placement::{Binding, Placement, Site},
    topology::NodeId,
};
use std::sync::Arc;

/// The memory of a map: an arena for each node that has shards of it.
pub(crate) struct Placing {
    arenas: Vec<(Option<NodeId>, Arc<Arena>)>,
    /// The index of each shard's arena.
    arena_of: Box<[u16]>,
}

impl Placing {
    /// If a user's placement names a node that does not exist, or that has no memory, this is noted in `store`.
    pub(crate) fn new(store: &StoreContext, shards: usize, huge_pages: bool, wanted: &Wanted) -> Self {
        let mut arenas: Vec<(Option<NodeId>, Arc<Arena>)> = Vec::new();
        let mut arena_of = Vec::with_capacity(shards);
        for shard in 0..shards {
            let node = (wanted.node)(shard, shards, &store.site);
            let index = arenas.iter().position(|(other, _)| *other == node).unwrap_or_else(|| {
                let memory = memory_node(store, node, huge_pages, wanted);
                arenas.push((node, Arc::new((wanted.arena)(memory))));
                arenas.len() - 1
            });
            // There are at most 2^16 shards, and no more arenas.
            arena_of.push(u16::try_from(index).unwrap_or(u16::MAX));
        }
        Placing { arenas, arena_of: arena_of.into() }
    }

    fn of(&self, shard: usize) -> &(Option<NodeId>, Arc<Arena>) {
        &self.arenas[usize::from(self.arena_of[shard])]
    }

    pub(crate) fn arena(&self, shard: usize) -> Arc<Arena> {
        Arc::clone(&self.of(shard).1)
    }

    pub(crate) fn node(&self, shard: usize) -> Option<NodeId> {
        self.of(shard).0
    }

    pub(crate) fn nodes(&self) -> Vec<Arc<MemoryNode>> {
        (0..self.arena_of.len()).map(|shard| Arc::clone(self.of(shard).1.node())).collect()
    }

    /// Each arena, and the number of shards that have their tables there.
    pub(super) fn arenas(&self) -> impl Iterator<Item = (&Arena, u64)> {
        let shards = |index: usize| self.arena_of.iter().filter(|&&of| usize::from(of) == index).count() as u64;
        self.arenas.iter().enumerate().map(move |(index, (_, arena))| (&**arena, shards(index)))
    }

    /// Bytes of table memory in use, and the number of blocks that were ever allocated.
    pub(crate) fn usage(&self) -> (usize, u64) {
        let usages = self.arenas.iter().map(|(_, arena)| arena.usage());
        usages.fold((0, 0), |(bytes, blocks), (b, n)| (bytes + b, blocks + n))
    }

    pub(super) fn binding(&self) -> Binding {
        let nodes = || self.arenas.iter().map(|(_, arena)| arena.node());
        match nodes().find_map(|node| node.refused()) {
            Some(error) => Binding::Refused(error),
            None if nodes().all(|node| node.is_anywhere()) => Binding::Needless,
            None => Binding::Bound,
        }
    }
}

/// The properties of a policy and of the types of its entries that placing depends on.
pub(crate) struct Wanted {
    name: &'static str,
    node: fn(usize, usize, &Site) -> Option<NodeId>,
    is_strict: bool,
    arena: fn(MemoryNode) -> Arena,
    pub(super) shape: &'static Shape,
    pub(super) expires: bool,
}

impl Wanted {
    pub(crate) const fn by<K, V, P: Policy>() -> Self {
        Wanted {
            name: P::NAME,
            node: P::Placement::node,
            is_strict: P::Placement::STRICT,
            arena: TableOf::<K, V, P>::arena,
            shape: TableOf::<K, V, P>::SHAPE,
            expires: StampOf::<P>::EXPIRES,
        }
    }
}

fn memory_node(store: &StoreContext, node: Option<NodeId>, huge_pages: bool, wanted: &Wanted) -> MemoryNode {
    let name = wanted.name;
    let Some(id) = node else { return MemoryNode::anywhere(huge_pages) };
    let topology = store.site.topology();
    let has_memory = topology.node(id).map(|node| node.memory() > 0);
    let nodes = || topology.nodes().iter().map(|node| node.id().to_string()).collect::<Vec<_>>().join(", ");
    let wrong = match has_memory {
        None => Some(format!("node {id}, but the nodes are {}", nodes())),
        // If the memory of a node is unknown, the node counts as having enough.
        Some(false) if store.site.has_choice() => Some(format!("node {id}, which has no memory for this process")),
        Some(_) => None,
    };
    match wrong {
        Some(wrong) => {
            store.note(BuildError::placement(name, wrong));
            MemoryNode::anywhere(huge_pages)
        }
        None if store.site.has_choice() => MemoryNode::on(id, wanted.is_strict, huge_pages),
        None => MemoryNode::anywhere(huge_pages),
    }
}
