//! An allocator for what is known about the entries of a table: it lies on the same node.

use super::{Home, blocks::Blocks, blocks::Shape};
use crate::sys::memory::{self, PAGE};
use allocator_api2::alloc::{AllocError, Allocator, Global};
use std::{alloc::Layout, fmt, ptr::NonNull, sync::Arc};

/// The smallest piece is a cache line, so that nothing of two shards' is on the same one; what is larger than a chunk is mapped by itself.
const SHAPE: Shape = Shape { bucket: 64, classes: 7, chunk: 64 << 7 };

/// Memory on the node of an arena; the global allocator's where that has none.
#[derive(Clone, Default)]
pub struct Heap(Option<Arc<OnNode>>);

struct OnNode {
    home: Arc<Home>,
    pieces: Blocks,
}

impl Heap {
    pub(super) fn new(home: &Arc<Home>) -> Self {
        if home.is_anywhere() {
            return Heap(None);
        }
        // What is known of entries is a small part of what they take themselves, and nobody could say that there is no room for it.
        let home = Arc::new(home.lenient());
        Heap(Some(Arc::new(OnNode { pieces: Blocks::new(SHAPE, Arc::clone(&home)), home })))
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("on_node", &self.0.is_some()).finish()
    }
}

/// How a piece is come by.
enum Piece {
    /// Of this class.
    Block(u32),
    /// So many bytes in whole pages.
    Mapping(usize),
}

fn piece(layout: Layout) -> Result<Piece, AllocError> {
    let bytes = layout.size().max(layout.align());
    if layout.align() > PAGE {
        return Err(AllocError);
    }
    if bytes > SHAPE.chunk {
        return Ok(Piece::Mapping(bytes.next_multiple_of(PAGE)));
    }
    Ok(Piece::Block(bytes.next_power_of_two().max(SHAPE.bucket).ilog2() - SHAPE.bucket.ilog2()))
}

impl OnNode {
    fn map(&self, bytes: usize) -> Option<NonNull<u8>> {
        let at = memory::map(bytes, 0)?;
        // SAFETY: this is the whole mapping.
        unsafe { self.home.bind(at, bytes) }
        Some(at)
    }
}

// SAFETY: a piece is at least as large and as aligned as asked for (a block is aligned to its size, or to a page where that is less, as
// its chunk is), and nobody else's until it is given back; all copies of a heap give back to the same one.
unsafe impl Allocator for Heap {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Some(on_node) = &self.0 else { return Global.allocate(layout) };
        let at = match piece(layout)? {
            Piece::Block(class) => on_node.pieces.take(class),
            Piece::Mapping(bytes) => on_node.map(bytes),
        };
        Ok(NonNull::slice_from_raw_parts(at.ok_or(AllocError)?, layout.size()))
    }

    unsafe fn deallocate(&self, at: NonNull<u8>, layout: Layout) {
        let Some(on_node) = &self.0 else {
            // SAFETY: the caller's promise.
            return unsafe { Global.deallocate(at, layout) };
        };
        match piece(layout) {
            // SAFETY: it was taken as a block of this class, since the layout is the same.
            Ok(Piece::Block(class)) => unsafe { on_node.pieces.give(at, class) },
            // SAFETY: it was mapped with this size, since the layout is the same.
            Ok(Piece::Mapping(bytes)) => unsafe { memory::unmap(at, bytes) },
            Err(AllocError) => unreachable!("no such piece was ever handed out"),
        }
    }
}
