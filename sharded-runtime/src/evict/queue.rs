//! What [`Lru`](super::Lru) and [`Sieve`](super::Sieve) share: a list with a mark on each entry that a reader may set.

use crate::{
    arena::Heap,
    chunked::Chunked,
    list::{Linked, Links, List},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// After this many marked entries in a row the next one leaves, marked or not: an eviction is bounded work.
pub(super) const MAX_CHANCES: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) list: List,
    pub(super) nodes: Chunked<Node>,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    links: Links,
    /// Set by readers under a shared lock, cleared under the exclusive one. Relaxed: the lock orders the two, and a mark
    /// that comes late is one that came after.
    marked: AtomicBool,
}

impl Linked for Node {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

impl Queue {
    pub(super) fn settle(&mut self, heap: &Heap) {
        self.nodes = Chunked::new(heap);
    }

    pub(super) fn push_front(&mut self, slot: u32) {
        let index = slot as usize;
        self.nodes.reach(index);
        *self.nodes[index].marked.get_mut() = false;
        self.list.push_front(&mut self.nodes, slot);
    }

    pub(super) fn unlink(&mut self, slot: u32) {
        self.list.unlink(&mut self.nodes, slot);
    }

    #[inline]
    pub(super) fn mark(&self, slot: u32) {
        let marked = &self.nodes[slot as usize].marked;
        // Only when unset: a hot entry's line stays shared among its readers.
        if !marked.load(Ordering::Relaxed) {
            marked.store(true, Ordering::Relaxed);
        }
    }

    /// Clears the mark and says whether it was set.
    pub(super) fn unmark(&mut self, slot: u32) -> bool {
        std::mem::take(self.nodes[slot as usize].marked.get_mut())
    }

    pub(super) fn prev(&mut self, slot: u32) -> u32 {
        self.nodes[slot as usize].links.prev
    }

    pub(super) fn moved(&mut self, from: u32, to: u32) {
        self.nodes.reach(to as usize);
        let node = std::mem::take(&mut self.nodes[from as usize]);
        self.nodes[to as usize] = node;
        self.list.moved(&mut self.nodes, to);
    }

    pub(super) fn shrink_to(&mut self, slots: usize) {
        self.nodes.truncate(slots);
    }
}
