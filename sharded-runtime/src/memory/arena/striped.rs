//! Memory that many arrays share whose elements lie on several nodes.
//!
//! For the kernel, an array on two nodes is two mappings, and a process may have 65,530 (see
//! [`source`](super::source)). A *block* has a stripe for each element, on the node of that element, and a stripe has
//! room for one element of many arrays. So a block needs as many mappings as one array. An array in a block touches a
//! page per element, which it shares with the other arrays of the block. For few arrays that wastes memory, so the
//! first [`OWN_MAPPINGS`] arrays have mappings of their own.

use super::memory_node::MemoryNode;
use crate::{
    memory::sys::{memory, page},
    topology::NodeId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ptr::NonNull,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// The most arrays with mappings of their own.
const OWN_MAPPINGS: usize = 1024;
/// The bytes of a stripe, unless a page or an element is larger.
const STRIPE: usize = 16 << 10;

/// The number of arrays with mappings of their own.
static WITH_OWN: AtomicUsize = AtomicUsize::new(0);

/// The blocks of the process.
static BLOCKS: Mutex<BTreeMap<Kind, Blocks>> = Mutex::new(BTreeMap::new());

/// Arrays of one kind share blocks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// The nodes of the elements, each with the number of consecutive elements on it.
    nodes: Vec<(Option<NodeId>, usize)>,
    /// Bytes of an element.
    size: usize,
}

#[derive(Default)]
struct Blocks {
    /// By address.
    all: BTreeMap<usize, Block>,
    /// The addresses of blocks with room for another array.
    with_room: BTreeSet<usize>,
}

struct Block {
    first: NonNull<u8>,
    bytes: usize,
    /// One for each of the nodes.
    nodes: Vec<MemoryNode>,
    /// The numbers of arrays that are not in use.
    free: Vec<usize>,
}

// SAFETY: it owns its memory.
unsafe impl Send for Block {}

/// The memory of one array in a block.
pub(super) struct Stripes {
    kind: Kind,
    /// The address of the block.
    block: usize,
    number: usize,
    pub(super) first: NonNull<u8>,
    /// Bytes from one element to the next.
    pub(super) stride: usize,
}

/// The right of an array to mappings of its own.
pub(super) struct OwnMapping(());

impl OwnMapping {
    /// `None` if [`OWN_MAPPINGS`] arrays have it.
    pub(super) fn new() -> Option<Self> {
        // Relaxed: a counter that orders nothing.
        let counted = WITH_OWN.fetch_update(Relaxed, Relaxed, |arrays| (arrays < OWN_MAPPINGS).then_some(arrays + 1));
        counted.ok().map(|_| OwnMapping(()))
    }
}

impl Drop for OwnMapping {
    fn drop(&mut self) {
        WITH_OWN.fetch_sub(1, Relaxed);
    }
}

impl Kind {
    fn stripe(&self) -> usize {
        STRIPE.max(self.size).next_multiple_of(page::size())
    }

    /// The number of arrays of a block.
    fn arrays(&self) -> usize {
        self.stripe() / self.size
    }

    fn elements(&self) -> usize {
        self.nodes.iter().map(|(_, elements)| elements).sum()
    }
}

impl Block {
    fn new(kind: &Kind, nodes: &[&MemoryNode]) -> Option<Self> {
        let bytes = kind.stripe().checked_mul(kind.elements())?;
        let first = memory::map(bytes, 0)?;
        let nodes: Vec<_> = nodes.iter().map(|node| node.lenient(false)).collect();
        let mut from = 0;
        for (node, (_, elements)) in nodes.iter().zip(&kind.nodes) {
            let bytes = elements * kind.stripe();
            // SAFETY: these are whole pages of the mapping, because a stripe consists of whole pages.
            unsafe {
                node.bind(first.add(from), bytes);
                // Otherwise the first array would touch a huge page for the whole block.
                memory::ask_for_huge_pages(first.add(from), bytes, false);
            }
            from += bytes;
        }
        Some(Block { first, bytes, nodes, free: (0..kind.arrays()).rev().collect() })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: this is the whole mapping, and no array uses it.
        unsafe { memory::unmap(self.first, self.bytes) }
    }
}

impl Stripes {
    /// Memory for an element of this size on each of these nodes. `None` if there is no memory.
    pub(super) fn new(nodes: &[Arc<MemoryNode>], size: usize) -> Option<Self> {
        let runs: Vec<_> = nodes.chunk_by(Arc::ptr_eq).collect();
        let kind = Kind { nodes: runs.iter().map(|run| (run[0].id(), run.len())).collect(), size };
        let nodes: Vec<&MemoryNode> = runs.iter().map(|run| &*run[0]).collect();
        let mut blocks = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
        let Blocks { all, with_room } = blocks.entry(kind.clone()).or_default();
        let at = if let Some(&at) = with_room.first() {
            at
        } else {
            let block = Block::new(&kind, &nodes)?;
            let at = block.first.addr().get();
            all.insert(at, block);
            with_room.insert(at);
            at
        };
        let block = all.get_mut(&at)?;
        let number = block.free.pop()?;
        if block.free.is_empty() {
            with_room.remove(&at);
        }
        for (node, source) in nodes.iter().zip(&block.nodes) {
            node.share_refusal(source);
        }
        // SAFETY: `number` is below the number of elements in a stripe.
        let first = unsafe { block.first.add(number * size) };
        Some(Stripes { stride: kind.stripe(), kind, block: at, number, first })
    }
}

impl Drop for Stripes {
    fn drop(&mut self) {
        let mut blocks = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Blocks { all, with_room }) = blocks.get_mut(&self.kind) else { return };
        let Some(block) = all.get_mut(&self.block) else { return };
        block.free.push(self.number);
        with_room.insert(self.block);
        if block.free.len() == self.kind.arrays() {
            with_room.remove(&self.block);
            all.remove(&self.block);
        }
        if all.is_empty() {
            blocks.remove(&self.kind);
        }
    }
}
