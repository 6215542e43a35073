//! The sizes of the blocks of an arena.

/// The sizes of buckets, blocks and chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockShape {
    /// Bytes of a bucket.
    pub(crate) bucket: usize,
    /// A chunk has two to the power of this many buckets.
    pub(crate) classes: u32,
    /// Bytes of a chunk, a multiple of the [smallest page](crate::memory::sys::page::GRAIN).
    pub(crate) chunk: usize,
    /// Bytes at the beginning of a chunk that are populated when it is taken.
    pub(crate) populated: usize,
    /// Whether there are lock-free readers, which may read beyond a block.
    pub(crate) is_racy: bool,
}

impl BlockShape {
    pub(crate) fn bytes(&self, class: u32) -> usize {
        if class == self.classes { self.chunk } else { self.bucket << class }
    }

    pub(super) fn buckets(&self) -> u64 {
        1 << self.classes
    }
}
