//! The slots of the latest inserts, oldest first.

use crate::{memory::arena::Heap, memory::chunked::Chunked};

/// A circular buffer that grows by one slot when its end is reached, so its elements never move.
#[derive(Debug, Default)]
pub(super) struct Ring {
    stored: Chunked<u32>,
    head: u32,
    len: u32,
}

impl Ring {
    pub(super) fn new(heap: &Heap) -> Self {
        Ring { stored: Chunked::new(heap), head: 0, len: 0 }
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

    pub(super) fn front(&self) -> Option<u32> {
        (self.len > 0).then(|| self.stored[self.head as usize])
    }

    pub(super) fn pop(&mut self) {
        if self.len > 0 {
            self.head = if self.head + 1 < self.size() { self.head + 1 } else { 0 };
            self.len -= 1;
        }
    }

    /// Adds a slot. Removes the oldest one if there are more than `most`.
    pub(super) fn push(&mut self, slot: u32, most: u32) {
        let size = self.size();
        // Two at a time, for when `most` has become smaller.
        for _ in 0..2 {
            if self.len >= most {
                self.pop();
            }
        }
        let end = self.head + self.len;
        if end == size && size < most {
            self.stored.reach(size as usize);
            self.stored[size as usize] = slot;
            self.len += 1;
            return;
        }
        if self.len == size {
            self.pop();
        }
        if size > 0 {
            let at = self.head + self.len;
            self.stored[(if at < size { at } else { at - size }) as usize] = slot;
            self.len += 1;
        }
    }

    /// Gives the memory back if it is far more than `most` slots need.
    pub(super) fn shrink_to(&mut self, most: usize) {
        if self.stored.len() > 4 * most {
            *self = Ring { stored: std::mem::take(&mut self.stored), head: 0, len: 0 };
            self.stored.truncate(0);
        }
    }
}
