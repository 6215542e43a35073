//! A layout as numbers, for code that does not depend on the types of keys and values.
//!
//! Such code is compiled once, not for each map.

use super::header::HEADER;
use crate::memory::arena;

/// A [`Layout`](super::layout::Layout) as numbers.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Slots of a bucket.
    pub(super) slots: usize,
    /// A bit for each of them.
    pub(super) all: u32,
    /// Bits of the number of a slot that are its index in the bucket.
    pub(super) slot_bits: u32,
    /// Bytes from the header of a bucket to that of the next one.
    pub(super) header_step: isize,
    /// Bytes from the body of a bucket to that of the next one.
    pub(super) body_step: usize,
    /// Bytes of a body.
    pub(super) body: usize,
    /// The alignment of the middle of a block.
    pub(super) align: usize,
    pub(super) arena: arena::BlockShape,
    /// Whether the table keeps data by slot, so that moves are to be noted.
    pub(super) tells_moves: bool,
}

impl Shape {
    /// Bytes from the beginning of a block with this many buckets to its middle.
    pub(super) fn middle(&self, buckets: usize) -> usize {
        let headers = if self.header_step > 0 { 1 } else { buckets };
        (headers * HEADER).next_multiple_of(self.align)
    }
}
