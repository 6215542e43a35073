//! Memory for arrays whose elements lie on several nodes, which many arrays share.
//!
//! To the kernel an array on two nodes is two mappings, and a process may have 65,530 (see [`source`](super::source)). A *block* has a stripe for each
//! element, on that element's node, and each stripe has room for one element of many arrays. So the mappings of a block are as many as
//! those of one array. An array on stripes touches a page for each of its elements, which it shares with other arrays of the block. While
//! there are few arrays that would be more memory than they need, so the first [`OWN_MAPPINGS`] have mappings of their own.

use super::home::Home;
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

/// Arrays on several nodes that have mappings of their own.
const OWN_MAPPINGS: usize = 1024;
/// A stripe, unless a page or an element is larger.
const STRIPE: usize = 16 << 10;

/// How many arrays have them now.
static WITH_OWN: AtomicUsize = AtomicUsize::new(0);

/// The blocks of the process.
static BLOCKS: Mutex<BTreeMap<Kind, Blocks>> = Mutex::new(BTreeMap::new());

/// Arrays of one kind share blocks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// The nodes of the elements, each with the number of elements in a row that lie there.
    nodes: Vec<(Option<NodeId>, usize)>,
    /// Bytes of an element.
    size: usize,
}

#[derive(Default)]
struct Blocks {
    /// By their address.
    all: BTreeMap<usize, Block>,
    /// Those with room for one more array.
    with_room: BTreeSet<usize>,
}

struct Block {
    first: NonNull<u8>,
    bytes: usize,
    /// For each of the nodes.
    homes: Vec<Home>,
    /// Which arrays there may still be.
    free: Vec<usize>,
}

// SAFETY: its memory is its own.
unsafe impl Send for Block {}

/// Room for one array in a block.
pub(super) struct Stripes {
    kind: Kind,
    /// The address of the block.
    block: usize,
    number: usize,
    pub(super) first: NonNull<u8>,
    /// Bytes from one element to the next.
    pub(super) stride: usize,
}

/// A right to mappings of one's own.
pub(super) struct OwnMapping(());

impl OwnMapping {
    /// `None` where so many have it that the next should share.
    pub(super) fn new() -> Option<Self> {
        // Relaxed: it is only counted.
        let counted = WITH_OWN.try_update(Relaxed, Relaxed, |arrays| (arrays < OWN_MAPPINGS).then_some(arrays + 1));
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

    /// The arrays of a block.
    fn arrays(&self) -> usize {
        self.stripe() / self.size
    }

    fn elements(&self) -> usize {
        self.nodes.iter().map(|(_, elements)| elements).sum()
    }
}

impl Block {
    fn new(kind: &Kind, homes: &[&Home]) -> Option<Self> {
        let bytes = kind.stripe().checked_mul(kind.elements())?;
        let first = memory::map(bytes, 0)?;
        let homes: Vec<_> = homes.iter().map(|home| home.lenient(false)).collect();
        let mut from = 0;
        for (home, (_, elements)) in homes.iter().zip(&kind.nodes) {
            let bytes = elements * kind.stripe();
            // SAFETY: these are whole pages of the mapping, since a stripe consists of such.
            unsafe {
                home.bind(first.add(from), bytes);
                // The first array would take up a huge page for all of the block.
                memory::avoid_huge_pages(first.add(from), bytes);
            }
            from += bytes;
        }
        Some(Block { first, bytes, homes, free: (0..kind.arrays()).rev().collect() })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: this is the whole mapping, and no array is in it.
        unsafe { memory::unmap(self.first, self.bytes) }
    }
}

impl Stripes {
    /// Room for an element of this size for each home. `None` where there is no memory.
    pub(super) fn new(homes: &[Arc<Home>], size: usize) -> Option<Self> {
        let runs: Vec<_> = homes.chunk_by(Arc::ptr_eq).collect();
        let kind = Kind { nodes: runs.iter().map(|run| (run[0].node(), run.len())).collect(), size };
        let homes: Vec<&Home> = runs.iter().map(|run| &*run[0]).collect();
        let mut blocks = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
        let Blocks { all, with_room } = blocks.entry(kind.clone()).or_default();
        let at = if let Some(&at) = with_room.first() {
            at
        } else {
            let block = Block::new(&kind, &homes)?;
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
        for (home, of_block) in homes.iter().zip(&block.homes) {
            home.share_refusal(of_block);
        }
        // SAFETY: a stripe has room for so many elements.
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
