//! Sources of memory on a node, and the system as one of them.

use super::memory_node::MemoryNode;
use crate::memory::sys::{memory, page};
use std::{ptr::NonNull, sync::Arc};

/// A source of memory on a node, in pieces.
pub(super) trait Supply {
    /// The node of the memory.
    fn node(&self) -> &MemoryNode;

    /// The size of a piece that has at least this many bytes. It consists of whole pages.
    fn size(&self, bytes: usize) -> usize;

    /// A piece of this [size](Supply::size). `None` if there is no memory, or if a new mapping would leave less than
    /// `room` bytes of address space.
    fn take(&self, bytes: usize, room: usize) -> Option<NonNull<u8>>;

    /// Takes a piece back.
    ///
    /// # Safety
    ///
    /// The piece must come from [`take`](Supply::take) with this size, and must not be used any more.
    unsafe fn give(&self, at: NonNull<u8>, bytes: usize);
}

/// Mappings of the system.
#[derive(Clone)]
pub(super) struct System {
    node: Arc<MemoryNode>,
    /// Whether many arenas share a mapping.
    is_shared: bool,
}

impl System {
    pub(super) fn new(node: Arc<MemoryNode>) -> Self {
        System { node, is_shared: false }
    }

    /// Mappings that many arenas share.
    pub(super) fn to_share(node: Arc<MemoryNode>) -> Self {
        System { node, is_shared: true }
    }
}

impl Supply for System {
    fn node(&self) -> &MemoryNode {
        &self.node
    }

    fn size(&self, bytes: usize) -> usize {
        bytes.next_multiple_of(page::size())
    }

    fn take(&self, bytes: usize, room: usize) -> Option<NonNull<u8>> {
        let at = memory::map(bytes, room)?;
        // SAFETY: this is the whole mapping.
        unsafe {
            self.node.bind(at, bytes);
            if self.node.huge_pages() {
                memory::ask_for_huge_pages(at, bytes, true);
            } else if self.is_shared {
                // Otherwise the first entry of a map would touch a huge page for its whole piece.
                memory::ask_for_huge_pages(at, bytes, false);
            }
        }
        Some(at)
    }

    unsafe fn give(&self, at: NonNull<u8>, bytes: usize) {
        // SAFETY: as the caller guarantees.
        unsafe { memory::unmap(at, bytes) }
    }
}
