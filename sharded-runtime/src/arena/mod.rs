//! Memory for the tables of one map, in blocks.
//!
//! A *chunk* is the unit in which a table grows, a whole number of pages; it holds a power of two of *buckets*. A table that
//! needs less than a chunk has a block of 1, 2, 4, … buckets: chunks are halved for such blocks and put together again when
//! both halves are back (the buddy system; Knowlton, CACM 1965). Chunks come out of large mappings. Those that come back
//! are kept for the next table up to a share of what is in use; beyond that their pages are given back to the system.
//!
//! What is mapped stays mapped until the arena is dropped. A reader without a lock may thus look at a block that has been freed,
//! or is another table's by now: it finds stale or zero bytes, and its sequence number tells it so. For the same reason
//! directories (the arrays of a table's chunks) are recycled among themselves only.
//!
//! What is in a block when it is handed out may be anything.

mod chunks;

use crate::sync::{
    Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use chunks::Chunks;
use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    collections::BTreeSet,
    ptr::NonNull,
    sync::atomic::AtomicPtr,
};

/// The sizes of an arena's blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Bytes of a bucket.
    pub(crate) bucket: usize,
    /// A chunk has two to the power of this many buckets.
    pub(crate) classes: u32,
    /// Bytes of a chunk, in whole pages.
    pub(crate) chunk: usize,
}

/// The memory of one map. See the [module](self).
pub(crate) struct Arena {
    shape: Shape,
    free: Mutex<Free>,
    /// Bytes in blocks that are in use.
    used: AtomicUsize,
    /// Blocks ever handed out.
    taken: AtomicU64,
}

struct Free {
    chunks: Chunks,
    /// By class: the positions of free blocks that are less than a chunk, in buckets from the first one on.
    blocks: Vec<BTreeSet<u64>>,
    /// By the logarithm of their length.
    directories: Vec<Vec<Directory>>,
    /// All there are, with their lengths, to be deallocated in the end.
    all_directories: Vec<(Directory, usize)>,
}

/// An array of addresses of chunks.
pub(crate) type Directory = NonNull<AtomicPtr<u8>>;

// SAFETY: the addresses in it are of memory that the arena owns alone.
unsafe impl Send for Free {}

impl Arena {
    pub(crate) fn new(shape: Shape, huge_pages: bool) -> Self {
        let free = Free {
            chunks: Chunks::new(shape.chunk, huge_pages),
            blocks: vec![BTreeSet::new(); shape.classes as usize],
            directories: Vec::new(),
            all_directories: Vec::new(),
        };
        Arena { shape, free: Mutex::new(free), used: AtomicUsize::new(0), taken: AtomicU64::new(0) }
    }

    /// A block of `2^class` buckets, or `None` where there is no memory.
    pub(crate) fn take(&self, class: u32) -> Option<NonNull<u8>> {
        let (block, is_cold) = self.free.lock().take(class, &self.shape)?;
        if is_cold {
            // Outside the lock, too: this takes a while.
            // SAFETY: a chunk consists of whole pages of a mapping.
            unsafe { chunks::populate(block, self.shape.chunk) }
        }
        self.used.fetch_add(self.shape.bytes(class), Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(block)
    }

    /// # Safety
    ///
    /// The block must come from [`take`](Arena::take) with this class, and nobody may use it any more but readers as the [module](self) describes them.
    pub(crate) unsafe fn give(&self, block: NonNull<u8>, class: u32) {
        self.used.fetch_sub(self.shape.bytes(class), Ordering::Relaxed);
        let surplus = self.free.lock().give(block, class, &self.shape);
        if let Some((number, chunk)) = surplus {
            // Outside the lock: this is a call of the system, and the chunk is nobody's meanwhile.
            // SAFETY: it is a whole chunk that is free.
            let is_discarded = unsafe { chunks::discard(chunk, self.shape.chunk) };
            self.free.lock().chunks.put_back(number, is_discarded);
        }
    }

    /// An array for `2^class` chunks.
    pub(crate) fn take_directory(&self, class: u32) -> Option<Directory> {
        self.free.lock().take_directory(class)
    }

    /// # Safety
    ///
    /// It must come from [`take_directory`](Arena::take_directory) with this class, and nobody may use it any more but
    /// readers as the [module](self) describes them.
    pub(crate) unsafe fn give_directory(&self, directory: Directory, class: u32) {
        self.free.lock().directories[class as usize].push(directory);
    }

    /// Bytes in use, and the number of blocks ever handed out.
    pub(crate) fn usage(&self) -> (usize, u64) {
        (self.used.load(Ordering::Relaxed), self.taken.load(Ordering::Relaxed))
    }
}

impl Shape {
    fn bytes(&self, class: u32) -> usize {
        if class == self.classes { self.chunk } else { self.bucket << class }
    }

    fn buckets(&self) -> u64 {
        1 << self.classes
    }
}

impl Free {
    /// A block, and whether it is a chunk that has no pages yet.
    fn take(&mut self, class: u32, shape: &Shape) -> Option<(NonNull<u8>, bool)> {
        if class >= shape.classes {
            let (number, is_cold) = self.chunks.take()?;
            return Some((self.chunks.address(number), is_cold));
        }
        let larger = (class..shape.classes).find(|&class| !self.blocks[class as usize].is_empty());
        let (mut of_class, position) = match larger {
            Some(larger) => (larger, self.blocks[larger as usize].pop_first()?),
            None => (shape.classes, self.chunks.take()?.0 * shape.buckets()),
        };
        while of_class > class {
            of_class -= 1;
            self.blocks[of_class as usize].insert(position + (1 << of_class));
        }
        Some((self.address(position, shape), false))
    }

    /// Takes a block back; answers a free chunk whose pages are to be given back, with its number.
    fn give(&mut self, block: NonNull<u8>, mut class: u32, shape: &Shape) -> Option<(u64, NonNull<u8>)> {
        let (chunk, offset) = self.chunks.locate(block);
        let mut position = chunk * shape.buckets() + (offset / shape.bucket) as u64;
        while class < shape.classes {
            let buddy = position ^ (1 << class);
            if !self.blocks[class as usize].remove(&buddy) {
                self.blocks[class as usize].insert(position);
                return None;
            }
            position = position.min(buddy);
            class += 1;
        }
        self.chunks.give(chunk)
    }

    fn address(&self, position: u64, shape: &Shape) -> NonNull<u8> {
        let chunk = self.chunks.address(position / shape.buckets());
        #[allow(clippy::cast_possible_truncation, reason = "less than the buckets of a chunk")]
        let bucket = (position % shape.buckets()) as usize;
        // SAFETY: the bucket lies in the chunk.
        unsafe { chunk.add(bucket * shape.bucket) }
    }

    fn take_directory(&mut self, class: u32) -> Option<Directory> {
        let class = class as usize;
        if class >= self.directories.len() {
            self.directories.resize_with(class + 1, Vec::new);
        }
        if let Some(directory) = self.directories[class].pop() {
            return Some(directory);
        }
        let layout = Layout::array::<AtomicPtr<u8>>(1 << class).ok()?;
        // SAFETY: the size is not zero. Zeros are null pointers.
        #[allow(clippy::cast_ptr_alignment, reason = "the layout is that of the array")]
        let directory = NonNull::new(unsafe { alloc_zeroed(layout) }.cast::<AtomicPtr<u8>>())?;
        self.all_directories.push((directory, 1 << class));
        Some(directory)
    }
}

impl Drop for Free {
    fn drop(&mut self) {
        for &(directory, length) in &self.all_directories {
            if let Ok(layout) = Layout::array::<AtomicPtr<u8>>(length) {
                // SAFETY: it was allocated with this layout, and whoever could look at it held the arena.
                unsafe { dealloc(directory.as_ptr().cast(), layout) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
