//! The slots of the latest inserts, oldest first.

use crate::{memory::arena::Heap, memory::chunked::Chunked};

/// A circular buffer that grows by one slot when its end is reached, so its elements never move.
#[derive(Debug, Default)]
pub(super) struct Ring {
    stored: Chunked<u32>,
    /// Where the next slot goes.
    next: u32,
    /// The slots before `next` that it has, at most as many as are stored.
    len: u32,
    /// The size at the beginning, which is also the least.
    least: usize,
}

impl Ring {
    /// A buffer of at least this size.
    pub(super) fn new(heap: &Heap, least: u32) -> Self {
        let mut stored = Chunked::new(heap);
        stored.grow_to(least as usize);
        Ring { stored, next: 0, len: 0, least: least as usize }
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.stored.part(index)
    }

    /// The size of the buffer.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "there are at most as many as slots, whose numbers have 32 bits"
    )]
    fn size(&self) -> u32 {
        self.stored.len() as u32
    }

    #[inline]
    pub(super) fn front(&self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let around = if self.next < self.len { self.size() } else { 0 };
        self.stored.get((self.next + around - self.len) as usize).copied()
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    /// Takes this slot off the front, if it is there.
    #[inline]
    pub(super) fn forget(&mut self, slot: u32) {
        if self.front() == Some(slot) {
            self.pop();
        }
    }

    /// Adds a slot. Removes the oldest ones if there are more than `most`, which is at least one.
    #[inline]
    pub(super) fn push(&mut self, slot: u32, most: u32) {
        if self.next == self.size() {
            if self.next < most {
                self.stored.reach(self.next as usize);
            } else {
                self.next = 0;
            }
        }
        self.stored[self.next as usize] = slot;
        self.next += 1;
        self.len = (self.len + 1).min(most).min(self.size());
    }

    /// Gives the memory back if it is far more than `most` slots need.
    pub(super) fn shrink_to(&mut self, most: usize) {
        if self.stored.len() > 4 * most.max(self.least) {
            *self = Ring { stored: std::mem::take(&mut self.stored), next: 0, len: 0, least: self.least };
            self.stored.truncate(self.least);
        }
    }
}
