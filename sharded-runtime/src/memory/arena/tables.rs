//! The memory of the tables of a map on one node.

use super::{blocks::Blocks, heap::Heap, memory_node::MemoryNode, shape::BlockShape, source::Source};
use crate::memory::sync::Mutex;
use allocator_api2::alloc::Allocator;
use std::{
    alloc::Layout,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed},
    },
};

/// The memory of one map on one node. See the [module](super).
pub(crate) struct Arena {
    node: Arc<MemoryNode>,
    pub(super) blocks: Blocks<Source>,
    directories: Mutex<Directories>,
    heap: Heap,
    /// Whether a block was refused.
    is_exhausted: AtomicBool,
}

#[derive(Default)]
struct Directories {
    /// By the logarithm of their length.
    free: Vec<Vec<Directory>>,
    /// All directories with their lengths. The drop of the arena deallocates them.
    all: Vec<(Directory, usize)>,
}

/// An array of addresses of chunks.
pub(crate) type Directory = NonNull<AtomicPtr<u8>>;

// SAFETY: its addresses point to memory that the arena owns exclusively.
unsafe impl Send for Directories {}

impl Arena {
    pub(crate) fn new(shape: BlockShape, node: MemoryNode) -> Self {
        let node = Arc::new(node);
        Arena {
            blocks: Blocks::new(shape, Source::new(Arc::clone(&node))),
            directories: Mutex::new(Directories::default()),
            heap: Heap::new(&node),
            is_exhausted: AtomicBool::new(false),
            node,
        }
    }

    pub(crate) fn node(&self) -> &Arc<MemoryNode> {
        &self.node
    }

    /// Memory for metadata of the entries.
    pub(crate) fn heap(&self) -> &Heap {
        &self.heap
    }

    /// A block of `2^class` buckets, or `None` if there is no memory.
    pub(crate) fn take(&self, class: u32) -> Option<NonNull<u8>> {
        #[cfg(test)]
        super::faults::ask()?;
        let block = self.blocks.take(class);
        if block.is_none() {
            self.is_exhausted.store(true, Relaxed);
        }
        block
    }

    /// Gets the memory of so many buckets now, with all its pages. It stays here until the arena is dropped.
    ///
    /// `None` if there is not enough.
    pub(crate) fn take_in_advance(&self, buckets: u64) -> Option<()> {
        self.blocks.take_in_advance(buckets)
    }

    /// The bytes of so many buckets, in whole chunks.
    pub(crate) fn bytes_of(&self, buckets: u64) -> u64 {
        self.blocks.bytes_of(buckets)
    }

    /// Whether a block was ever refused.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.is_exhausted.load(Relaxed)
    }

    /// # Safety
    ///
    /// The block must come from [`take`](Arena::take) with this class. Nothing may use it any more, except the
    /// lock-free readers that the [module](super) describes.
    pub(crate) unsafe fn give(&self, block: NonNull<u8>, class: u32) {
        // SAFETY: as the caller guarantees.
        unsafe { self.blocks.give(block, class) }
    }

    /// An array for `2^class` chunks.
    pub(crate) fn take_directory(&self, class: u32) -> Option<Directory> {
        let mut directories = self.directories.lock();
        let index = class as usize;
        if index >= directories.free.len() {
            directories.free.resize_with(index + 1, Vec::new);
        }
        if let Some(directory) = directories.free[index].pop() {
            return Some(directory);
        }
        #[cfg(test)]
        super::faults::ask()?;
        let layout = Layout::array::<AtomicPtr<u8>>(1 << class).ok()?;
        // Zeros are null pointers.
        let directory = self.heap.allocate_zeroed(layout).ok()?.cast::<AtomicPtr<u8>>();
        directories.all.push((directory, 1 << class));
        Some(directory)
    }

    /// # Safety
    ///
    /// It must come from [`take_directory`](Arena::take_directory) with this class. Nothing may use it any more, except
    /// the lock-free readers that the [module](super) describes.
    pub(crate) unsafe fn give_directory(&self, directory: Directory, class: u32) {
        self.directories.lock().free[class as usize].push(directory);
    }

    /// Bytes in use, and the number of blocks and pieces ever handed out.
    pub(crate) fn usage(&self) -> (usize, u64) {
        let (blocks, pieces) = (self.blocks.usage(), self.heap.usage());
        (blocks.0 + pieces.0, blocks.1 + pieces.1)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for &(directory, length) in &self.directories.lock().all {
            if let Ok(layout) = Layout::array::<AtomicPtr<u8>>(length) {
                // SAFETY: it was allocated with this layout. Every reader borrows the arena, so none is left.
                unsafe { self.heap.deallocate(directory.cast(), layout) }
            }
        }
    }
}
