//! A list for [`Lru`](super::Lru) and [`Sieve`](super::Sieve), with a mark on each entry that readers can set.

use crate::{
    engine::list::{Links, List},
    memory::arena::Heap,
    memory::chunked::Chunked,
};
use std::sync::atomic::{AtomicBool, Ordering};

/// After this many marked entries in a row the next one leaves, marked or not. This bounds the work of an eviction.
pub(super) const MAX_CHANCES: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) list: List,
    pub(super) links: Chunked<Links>,
    /// Separate from the links, so that a hit touches less memory. Set by readers under a shared lock, cleared under
    /// the exclusive one. Relaxed: the lock orders the two, and a late mark is as good as a later use.
    marks: Chunked<AtomicBool>,
}

impl Queue {
    /// With memory for `slots_in_advance` slots.
    pub(super) fn init(&mut self, heap: &Heap, slots_in_advance: usize) {
        (self.links, self.marks) = (Chunked::new(heap), Chunked::new(heap));
        self.links.grow_to(slots_in_advance);
        self.marks.grow_to(slots_in_advance);
    }

    pub(super) fn push_front(&mut self, slot: u32) {
        let index = slot as usize;
        self.links.reach(index);
        self.marks.reach(index);
        *self.marks[index].get_mut() = false;
        self.list.push_front(&mut self.links, slot);
    }

    pub(super) fn unlink(&mut self, slot: u32) {
        self.list.unlink(&mut self.links, slot);
    }

    #[inline]
    pub(super) fn mark(&self, slot: u32) {
        let marked = &self.marks[slot as usize];
        // Writes only if unset, so the cache line of a hot entry stays shared.
        if !marked.load(Ordering::Relaxed) {
            marked.store(true, Ordering::Relaxed);
        }
    }

    /// Clears the mark, and returns whether it was set.
    pub(super) fn unmark(&mut self, slot: u32) -> bool {
        std::mem::take(self.marks[slot as usize].get_mut())
    }

    pub(super) fn prev(&mut self, slot: u32) -> u32 {
        self.links[slot as usize].prev
    }

    pub(super) fn moved(&mut self, from: u32, to: u32) {
        self.marks.reach(to as usize);
        *self.marks[to as usize].get_mut() = self.unmark(from);
        self.list.moved(&mut self.links, from, to);
    }

    pub(super) fn shrink_to(&mut self, slots: usize) {
        self.links.truncate(slots);
        self.marks.truncate(slots);
    }

    /// The address and the size in bytes of a part of its memory.
    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.links.part_or(index, &self.marks)
    }
}
