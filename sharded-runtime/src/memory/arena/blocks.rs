//! The buddy allocator: it splits chunks into blocks of `2^class` buckets and merges them again.

use super::{
    chunks::{Chunks, Surplus},
    shape::BlockShape,
    supply::Supply,
    usage::Usage,
};
use crate::{
    memory::sync::Mutex,
    memory::sys::{memory, page},
};
use std::{collections::BTreeSet, ptr::NonNull};

/// Chunks, and the blocks that they are split into.
pub(super) struct Blocks<S: Supply> {
    shape: BlockShape,
    free: Mutex<Free<S>>,
    usage: Usage,
}

struct Free<S: Supply> {
    chunks: Chunks<S>,
    /// For each class below a chunk: the positions of its free blocks, as bucket numbers.
    blocks: Vec<BTreeSet<u64>>,
}

// SAFETY: its addresses point to memory that it owns exclusively.
unsafe impl<S: Supply + Send> Send for Free<S> {}

impl<S: Supply> Blocks<S> {
    pub(super) fn new(shape: BlockShape, source: S) -> Self {
        let free = Free { chunks: Chunks::new(&shape, source), blocks: vec![BTreeSet::new(); shape.classes as usize] };
        Blocks { shape, free: Mutex::new(free), usage: Usage::new() }
    }

    /// A block of `2^class` buckets, or `None` where there is no memory.
    pub(super) fn take(&self, class: u32) -> Option<NonNull<u8>> {
        let (block, is_cold) = self.free.lock().take(class, &self.shape)?;
        if is_cold {
            // Outside the lock, because the system call takes long.
            // SAFETY: every page that a chunk overlaps belongs to the span of the chunk.
            let _ = unsafe {
                let (at, bytes) = page::covering(block, self.shape.populated);
                memory::populate(at, bytes)
            };
        }
        self.usage.take(self.shape.bytes(class));
        Some(block)
    }

    /// Gets as many chunks as so many buckets need, touches their pages, and keeps them for later. From now on, no free
    /// chunk gives its pages back.
    ///
    /// `None` if there is no memory for all of them. The others then stay.
    pub(super) fn take_in_advance(&self, buckets: u64) -> Option<()> {
        self.free.lock().chunks.keep_all();
        let mut taken = Vec::new();
        let all = (0..buckets.div_ceil(self.shape.buckets())).try_for_each(|_| {
            let at = {
                let mut free = self.free.lock();
                let (number, _) = free.chunks.take()?;
                taken.push(number);
                free.chunks.address(number)
            };
            // SAFETY: every page that a chunk overlaps belongs to its span. The chunk was taken, so nobody else uses
            // it.
            let is_ready = unsafe { memory::touch(at, self.shape.chunk) };
            is_ready.then_some(())
        });
        let mut free = self.free.lock();
        for number in taken {
            // None is surplus, since all are kept.
            let _ = free.chunks.give(number);
        }
        all
    }

    /// # Safety
    ///
    /// The block must come from [`take`](Blocks::take) with this class. Nothing may use it any more, except the
    /// lock-free readers that the [module](super) describes.
    pub(super) unsafe fn give(&self, block: NonNull<u8>, class: u32) {
        self.usage.give(self.shape.bytes(class));
        let surplus = self.free.lock().give(block, class, &self.shape);
        if let Some(surplus) = surplus {
            // Outside the lock, because it is a system call. Nothing can take the chunks meanwhile.
            // SAFETY: they were just set aside.
            let is_discarded = unsafe { surplus.discard() };
            self.free.lock().chunks.put_back(&surplus, is_discarded);
        }
    }

    /// The bytes of so many buckets, in whole chunks.
    pub(super) fn bytes_of(&self, buckets: u64) -> u64 {
        buckets.div_ceil(self.shape.buckets()).saturating_mul(self.shape.chunk as u64)
    }

    /// Bytes in use, and the number of blocks ever handed out.
    pub(super) fn usage(&self) -> (usize, u64) {
        self.usage.get()
    }

    /// Whether all blocks have been merged into chunks again.
    #[cfg(test)]
    pub(super) fn is_whole(&self) -> bool {
        self.free.lock().blocks.iter().all(BTreeSet::is_empty)
    }
}

impl<S: Supply> Free<S> {
    /// A block, and whether it is a whole chunk without pages.
    fn take(&mut self, class: u32, shape: &BlockShape) -> Option<(NonNull<u8>, bool)> {
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

    /// Takes a block back. Returns free chunks whose pages should go back to the system.
    fn give(&mut self, block: NonNull<u8>, mut class: u32, shape: &BlockShape) -> Option<Surplus> {
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

    fn address(&self, position: u64, shape: &BlockShape) -> NonNull<u8> {
        let chunk = self.chunks.address(position / shape.buckets());
        #[allow(clippy::cast_possible_truncation, reason = "less than the buckets of a chunk")]
        let bucket = (position % shape.buckets()) as usize;
        // SAFETY: the bucket lies in the chunk.
        unsafe { chunk.add(bucket * shape.bucket) }
    }
}
