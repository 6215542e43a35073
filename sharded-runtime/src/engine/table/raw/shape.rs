//! The numbers of a layout, for code that does not depend on the types of keys and values.
//!
//! Such code is compiled once, not for each map.

use super::header::HEADER;
use crate::memory::arena;

/// The numbers of a [`Layout`](super::layout::Layout).
#[derive(Debug)]
pub(super) struct Shape {
    /// Slots of a bucket.
    pub(super) slots: usize,
    /// All of them, as bits.
    pub(super) all: u32,
    /// Bits of the number of a slot that tell its place in the bucket.
    pub(super) slot_bits: u32,
    /// Bytes from the header of a bucket to that of the next one.
    pub(super) header_step: isize,
    /// Bytes from the body of a bucket to that of the next one.
    pub(super) body_step: usize,
    /// Bytes of a body.
    pub(super) body: usize,
    /// What the middle of a block is aligned to in the block.
    pub(super) align: usize,
    pub(super) arena: arena::BlockShape,
    /// Whether anything is kept by the numbers of slots, so that moves are to be told.
    pub(super) tells_moves: bool,
}

impl Shape {
    /// Bytes from the beginning of a block of so many buckets to its middle.
    pub(super) fn middle(&self, buckets: usize) -> usize {
        let headers = if self.header_step > 0 { 1 } else { buckets };
        (headers * HEADER).next_multiple_of(self.align)
    }
}
