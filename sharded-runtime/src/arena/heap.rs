//! An allocator for what is known about the entries of a table: it lies on the same node, and its pages go back to the system as the
//! table's do. Most global allocators keep what is freed among pieces that are not.

use super::{
    Home,
    blocks::{Blocks, Shape},
    usage::Usage,
};
use crate::sys::memory::{self, PAGE};
use allocator_api2::alloc::{AllocError, Allocator, Global};
use std::{alloc::Layout, fmt, ptr::NonNull, sync::Arc};

/// The smallest piece is a cache line, so that nothing of two shards' is on the same one; what is larger than a chunk is mapped by itself.
const SHAPE: Shape = Shape { bucket: 64, classes: 6, chunk: PAGE };

/// Memory of an arena's own; the global allocator's in the default.
#[derive(Clone, Default)]
pub struct Heap(Option<Arc<Own>>);

struct Own {
    home: Arc<Home>,
    pieces: Blocks,
    /// Of what is mapped by itself.
    mapped: Usage,
}

impl Heap {
    pub(super) fn new(home: &Arc<Home>) -> Self {
        // What is known of entries is a small part of what they take themselves, and nobody could say that there is no room for it.
        let home = Arc::new(home.lenient());
        let pieces = Blocks::new(SHAPE, Arc::clone(&home));
        Heap(Some(Arc::new(Own { home, pieces, mapped: Usage::new() })))
    }

    /// Bytes in use, and the number of pieces ever handed out.
    pub(super) fn usage(&self) -> (usize, u64) {
        let Some(own) = &self.0 else { return (0, 0) };
        let (pieces, mapped) = (own.pieces.usage(), own.mapped.get());
        (pieces.0 + mapped.0, pieces.1 + mapped.1)
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("is_own", &self.0.is_some()).finish()
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

impl Own {
    fn map(&self, bytes: usize) -> Option<NonNull<u8>> {
        let at = memory::map(bytes, 0)?;
        // SAFETY: this is the whole mapping.
        unsafe { self.home.bind(at, bytes) }
        self.mapped.take(bytes);
        Some(at)
    }

    /// # Safety
    ///
    /// It must come from [`map`](Own::map) with the same size, and nobody may look at it any more.
    unsafe fn unmap(&self, at: NonNull<u8>, bytes: usize) {
        self.mapped.give(bytes);
        // SAFETY: the caller's promise.
        unsafe { memory::unmap(at, bytes) }
    }
}

// SAFETY: a piece is at least as large and as aligned as asked for (a block is aligned to its size, up to a page, which is a whole
// chunk), and nobody else's until it is given back; all copies of a heap give back to the same one.
unsafe impl Allocator for Heap {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Some(own) = &self.0 else { return Global.allocate(layout) };
        let at = match piece(layout)? {
            Piece::Block(class) => own.pieces.take(class),
            Piece::Mapping(bytes) => own.map(bytes),
        };
        Ok(NonNull::slice_from_raw_parts(at.ok_or(AllocError)?, layout.size()))
    }

    unsafe fn deallocate(&self, at: NonNull<u8>, layout: Layout) {
        let Some(own) = &self.0 else {
            // SAFETY: the caller's promise.
            return unsafe { Global.deallocate(at, layout) };
        };
        match piece(layout) {
            // SAFETY: it was taken as a block of this class, since the layout is the same.
            Ok(Piece::Block(class)) => unsafe { own.pieces.give(at, class) },
            // SAFETY: it was mapped with this size, since the layout is the same.
            Ok(Piece::Mapping(bytes)) => unsafe { own.unmap(at, bytes) },
            Err(AllocError) => unreachable!("no such piece was ever handed out"),
        }
    }
}
