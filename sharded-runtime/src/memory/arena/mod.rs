//! Memory for the tables of one map on one node, in blocks.
//!
//! A *chunk* is the unit in which a table grows; it holds a power of two of *buckets*. A table that
//! needs less than a chunk has a block of 1, 2, 4, … buckets: chunks are halved for such blocks and put together again when
//! both halves are back (the buddy system; Knowlton, CACM 1965). Chunks lie side by side in *spans*. A span is about twice as large as the one
//! before; small ones are parts of [reservations](source) that all arenas of a node share, larger ones are mappings. Chunks that come back
//! are kept for the next table up to a share of what is in use; beyond that their pages are given back to the system.
//!
//! | file | what is in it |
//! |---|---|
//! | `blocks.rs` | chunks, halved |
//! | `chunks.rs` | spans, and which chunks of them have pages |
//! | `source.rs` | where spans come from |
//! | `heap.rs` | an allocator for what is known of entries |
//! | `home.rs` | the node |
//! | `placed.rs` | an array whose elements lie on several nodes |
//! | `striped.rs` | such arrays of many maps side by side |
//! | `late.rs` | an array that is made when it is first needed |
//! | `usage.rs` | counters |
//! | `faults.rs` | memory that is refused, in tests |
//!
//! # Readers without a lock
//!
//! A span stays the arena's until the arena is dropped. A reader without a lock may thus look at a block that has been freed,
//! or is another table's by now: it finds stale or zero bytes, and its sequence number tells it so. It may also look up to a chunk's length beside
//! a block, so the first and the last chunk of a span are not used where there are such readers: what they look at is never another
//! arena's. For the same reason directories (the arrays of a table's chunks) are recycled among themselves only.
//!
//! A reader borrows the map, the map's tables own the arena, and so no reader looks at an arena that is dropped. Only then its spans go to
//! other arenas, of other maps with other types. (The lock of the reservation orders what the last owner did before what the next one does.)
//!
//! # Pages
//!
//! The size of a page is known only when the program runs, and may be more than a chunk has. Spans consist of whole pages, so no page is shared by
//! two arenas. Within a span, chunks may share a page. Its memory goes back when all of them are free, and never a part of it, for
//! the system would take the rest as well.
//!
//! What is in a block when it is handed out may be anything.

mod blocks;
mod chunks;
#[cfg(test)]
pub(crate) mod faults;
mod heap;
mod home;
mod late;
mod placed;
mod source;
mod striped;
mod usage;

pub(crate) use blocks::Shape;
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use heap::Heap;
pub(crate) use home::Home;
pub(crate) use late::{Late, Offset};
pub(crate) use placed::Placed;

use crate::memory::sync::Mutex;
use allocator_api2::alloc::Allocator;
use blocks::Blocks;
use source::Source;
use std::{
    alloc::Layout,
    ptr::NonNull,
    sync::{Arc, atomic::AtomicPtr},
};

/// The memory of one map on one node. See the [module](self).
pub(crate) struct Arena {
    home: Arc<Home>,
    blocks: Blocks,
    directories: Mutex<Directories>,
    heap: Heap,
}

#[derive(Default)]
struct Directories {
    /// By the logarithm of their length.
    free: Vec<Vec<Directory>>,
    /// All there are, with their lengths, to be deallocated in the end.
    all: Vec<(Directory, usize)>,
}

/// An array of addresses of chunks.
pub(crate) type Directory = NonNull<AtomicPtr<u8>>;

// SAFETY: the addresses in it are of memory that the arena owns alone.
unsafe impl Send for Directories {}

impl Arena {
    pub(crate) fn new(shape: Shape, home: Home) -> Self {
        let home = Arc::new(home);
        Arena {
            blocks: Blocks::new(shape, Source::new(Arc::clone(&home))),
            directories: Mutex::new(Directories::default()),
            heap: Heap::new(&home),
            home,
        }
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Memory for what is known about the entries beside their table.
    pub(crate) fn heap(&self) -> &Heap {
        &self.heap
    }

    /// A block of `2^class` buckets, or `None` where there is no memory.
    pub(crate) fn take(&self, class: u32) -> Option<NonNull<u8>> {
        #[cfg(test)]
        faults::ask()?;
        self.blocks.take(class)
    }

    /// # Safety
    ///
    /// The block must come from [`take`](Arena::take) with this class, and nobody may use it any more but readers as the [module](self) describes them.
    pub(crate) unsafe fn give(&self, block: NonNull<u8>, class: u32) {
        // SAFETY: the caller's promise.
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
        faults::ask()?;
        let layout = Layout::array::<AtomicPtr<u8>>(1 << class).ok()?;
        // Zeros are null pointers.
        let directory = self.heap.allocate_zeroed(layout).ok()?.cast::<AtomicPtr<u8>>();
        directories.all.push((directory, 1 << class));
        Some(directory)
    }

    /// # Safety
    ///
    /// It must come from [`take_directory`](Arena::take_directory) with this class, and nobody may use it any more but
    /// readers as the [module](self) describes them.
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
                // SAFETY: it was allocated with this layout, and whoever could look at it held the arena.
                unsafe { self.heap.deallocate(directory.cast(), layout) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
