//! Lists for [`S3Fifo`](super::S3Fifo) and [`TinyLfu`](super::TinyLfu): each entry is in one of a few lists, and its
//! uses are counted.

use crate::{
    engine::list::{Links, List},
    memory::arena::Heap,
    memory::chunked::Chunked,
};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// In no list.
const NONE: u8 = u8::MAX;

/// `LISTS` lists, with a `T` for each entry.
#[derive(Debug)]
pub(super) struct Parts<const LISTS: usize, T> {
    lists: [List; LISTS],
    lens: [u32; LISTS],
    links: Chunked<Links>,
    nodes: Chunked<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    with: T,
    /// Relaxed: readers count under a shared lock, and the count is read under the exclusive one. A lost count does no
    /// harm.
    uses: AtomicU8,
    list: u8,
}

impl<T: Default> Default for Node<T> {
    fn default() -> Self {
        Node { with: T::default(), uses: AtomicU8::new(0), list: NONE }
    }
}

impl<const LISTS: usize, T> Default for Parts<LISTS, T> {
    fn default() -> Self {
        Parts::new(&Heap::default())
    }
}

impl<const LISTS: usize, T> Parts<LISTS, T> {
    pub(super) fn new(heap: &Heap) -> Self {
        Parts {
            lists: std::array::from_fn(|_| List::default()),
            lens: [0; LISTS],
            links: Chunked::new(heap),
            nodes: Chunked::new(heap),
        }
    }

    /// As [`new`](Parts::new), with memory for `slots_in_advance` slots.
    pub(super) fn with_slots(heap: &Heap, slots_in_advance: usize) -> Self
    where
        T: Default,
    {
        let mut parts = Parts::new(heap);
        parts.links.grow_to(slots_in_advance);
        parts.nodes.grow_to(slots_in_advance);
        parts
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.nodes.part_or(index, &self.links)
    }

    /// Entries of a list.
    pub(super) fn len(&self, list: u8) -> u32 {
        self.lens[usize::from(list)]
    }

    /// Entries of all lists.
    pub(super) fn total(&self) -> u32 {
        self.lens.iter().sum()
    }

    /// The entry at the end of a list.
    pub(super) fn oldest(&self, list: u8) -> Option<u32> {
        self.lists[usize::from(list)].tail()
    }
}

impl<const LISTS: usize, T: Default + Copy> Parts<LISTS, T> {
    /// Puts an entry, unused, at the front of a list.
    pub(super) fn enter(&mut self, slot: u32, list: u8, with: T) {
        self.links.reach(slot as usize);
        self.nodes.reach(slot as usize);
        self.nodes[slot as usize] = Node { with, ..Node::default() };
        self.push(slot, list);
    }

    fn push(&mut self, slot: u32, list: u8) {
        self.nodes[slot as usize].list = list;
        self.lists[usize::from(list)].push_front(&mut self.links, slot);
        self.lens[usize::from(list)] += 1;
    }

    /// Takes an entry out of its list, and returns the list.
    pub(super) fn leave(&mut self, slot: u32) -> Option<u8> {
        let list = self.list_of(slot)?;
        self.lists[usize::from(list)].unlink(&mut self.links, slot);
        self.lens[usize::from(list)] -= 1;
        self.nodes[slot as usize].list = NONE;
        Some(list)
    }

    /// Moves an entry to the front of a list, its own or another.
    pub(super) fn shift(&mut self, slot: u32, list: u8) {
        if self.leave(slot).is_some() {
            self.push(slot, list);
        }
    }

    pub(super) fn list_of(&self, slot: u32) -> Option<u8> {
        self.nodes.get(slot as usize).map(|node| node.list).filter(|&list| list != NONE)
    }

    pub(super) fn with(&self, slot: u32) -> T {
        self.nodes[slot as usize].with
    }

    /// Counts a use, up to `most`.
    #[inline]
    pub(super) fn count_use(&self, slot: u32, most: u8) {
        let uses = &self.nodes[slot as usize].uses;
        let so_far = uses.load(Relaxed);
        // At the limit nothing is written, so the cache line of a hot entry stays shared.
        if so_far < most {
            uses.store(so_far + 1, Relaxed);
        }
    }

    pub(super) fn uses(&mut self, slot: u32) -> &mut u8 {
        self.nodes[slot as usize].uses.get_mut()
    }

    pub(super) fn moved(&mut self, from: u32, to: u32) {
        self.nodes.reach(to as usize);
        let node = std::mem::take(&mut self.nodes[from as usize]);
        let list = node.list;
        self.nodes[to as usize] = node;
        if list != NONE {
            self.lists[usize::from(list)].moved(&mut self.links, from, to);
        }
    }

    pub(super) fn shrink_to(&mut self, slots: usize) {
        self.links.truncate(slots);
        self.nodes.truncate(slots);
    }
}
