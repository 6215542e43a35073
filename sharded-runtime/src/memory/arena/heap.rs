//! An allocator for metadata of entries, such as deadlines and eviction queues. Its memory lies on the node of the
//! table, and its pages go back to the system as those of the table do. Most global allocators would keep them.

use super::{blocks::Blocks, memory_node::MemoryNode, shape::BlockShape, source::Source, supply::Supply, usage::Usage};
use crate::memory::sys::page::GRAIN;
use allocator_api2::alloc::{AllocError, Allocator, Global};
use std::{alloc::Layout, fmt, ptr::NonNull, sync::Arc};

/// The smallest piece is a cache line, so that two shards never share one. A piece larger than a chunk has pages of its
/// own.
const SHAPE: BlockShape = BlockShape { bucket: 64, classes: 6, chunk: GRAIN, populated: GRAIN, is_racy: false };

/// The memory of an arena, or, by default, of the global allocator.
#[derive(Clone, Default)]
pub struct Heap(Option<Arc<Own>>);

struct Own {
    pieces: Blocks<Source>,
    source: Source,
    /// Counts the pieces that have pages of their own.
    large: Usage,
}

impl Heap {
    pub(super) fn new(node: &Arc<MemoryNode>) -> Self {
        // Lenient: callers can't report that an allocation failed here, so it may come from another node. It is a small
        // part of the whole.
        let source = Source::new(Arc::new(node.lenient(false)));
        let pieces = Blocks::new(SHAPE, source.clone());
        Heap(Some(Arc::new(Own { pieces, source, large: Usage::new() })))
    }

    /// Bytes in use, and the number of pieces ever handed out.
    pub(super) fn usage(&self) -> (usize, u64) {
        let Some(own) = &self.0 else { return (0, 0) };
        let (pieces, large) = (own.pieces.usage(), own.large.get());
        (pieces.0 + large.0, pieces.1 + large.1)
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("is_own", &self.0.is_some()).finish()
    }
}

/// How a piece is allocated.
enum Piece {
    /// As a block of this class.
    Block(u32),
    /// As pages of its own, with this many bytes.
    Large(usize),
}

fn piece(layout: Layout) -> Result<Piece, AllocError> {
    let bytes = layout.size().max(layout.align());
    if layout.align() > GRAIN {
        return Err(AllocError);
    }
    if bytes > SHAPE.chunk {
        return Ok(Piece::Large(bytes.next_multiple_of(GRAIN)));
    }
    Ok(Piece::Block(bytes.next_power_of_two().max(SHAPE.bucket).ilog2() - SHAPE.bucket.ilog2()))
}

impl Own {
    fn take(&self, bytes: usize) -> Option<NonNull<u8>> {
        let at = self.source.take(self.source.size(bytes), 0)?;
        self.large.take(bytes);
        Some(at)
    }

    /// # Safety
    ///
    /// `at` must come from [`take`](Own::take) with the same size, and must not be used any more.
    unsafe fn give(&self, at: NonNull<u8>, bytes: usize) {
        self.large.give(bytes);
        // SAFETY: as the caller guarantees.
        unsafe { self.source.give(at, self.source.size(bytes)) }
    }
}

// SAFETY: a piece has at least the size and alignment of its layout: a block is aligned to its size, up to a whole
// chunk, and a larger piece begins at a page. It belongs to the caller until it is deallocated. All clones of a heap
// share their blocks.
unsafe impl Allocator for Heap {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Some(own) = &self.0 else { return Global.allocate(layout) };
        let at = match piece(layout)? {
            Piece::Block(class) => own.pieces.take(class),
            Piece::Large(bytes) => own.take(bytes),
        };
        Ok(NonNull::slice_from_raw_parts(at.ok_or(AllocError)?, layout.size()))
    }

    unsafe fn deallocate(&self, at: NonNull<u8>, layout: Layout) {
        let Some(own) = &self.0 else {
            // SAFETY: as the caller guarantees.
            return unsafe { Global.deallocate(at, layout) };
        };
        match piece(layout) {
            // SAFETY: it was taken as a block of this class, because the layout is the same.
            Ok(Piece::Block(class)) => unsafe { own.pieces.give(at, class) },
            // SAFETY: it was taken with this size, because the layout is the same.
            Ok(Piece::Large(bytes)) => unsafe { own.give(at, bytes) },
            Err(AllocError) => unreachable!("`allocate` refuses this layout"),
        }
    }
}
