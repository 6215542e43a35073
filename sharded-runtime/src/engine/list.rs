//! Doubly linked lists of slots, linked by number, without an allocation per entry.

use crate::memory::chunked::Chunked;

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;

/// The neighbours of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    pub(crate) prev: u32,
    pub(crate) next: u32,
}

impl Links {
    pub(crate) const NONE: Links = Links { prev: NIL, next: NIL };
}

impl Default for Links {
    fn default() -> Self {
        Links::NONE
    }
}

/// The two ends of a list.
#[derive(Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl Default for List {
    fn default() -> Self {
        List { head: NIL, tail: NIL }
    }
}

impl List {
    pub(crate) fn tail(&self) -> Option<u32> {
        (self.tail != NIL).then_some(self.tail)
    }

    pub(crate) fn push_front(&mut self, links: &mut Chunked<Links>, slot: u32) {
        let head = self.head;
        links[slot as usize] = Links { prev: NIL, next: head };
        self.head = slot;
        self.set_prev(links, head, slot);
    }

    /// `slot` must be in this list.
    pub(crate) fn unlink(&mut self, links: &mut Chunked<Links>, slot: u32) {
        let Links { prev, next } = links[slot as usize];
        self.set_next(links, prev, next);
        self.set_prev(links, next, prev);
    }

    pub(crate) fn move_to_front(&mut self, links: &mut Chunked<Links>, slot: u32) {
        if self.head != slot {
            self.unlink(links, slot);
            self.push_front(links, slot);
        }
    }

    /// Replaces the slot `from` by `to`. Links of `to` need not exist yet.
    pub(crate) fn moved(&mut self, links: &mut Chunked<Links>, from: u32, to: u32) {
        links.reach(to as usize);
        let Links { prev, next } = links[from as usize];
        links[to as usize] = Links { prev, next };
        self.set_next(links, prev, to);
        self.set_prev(links, next, to);
    }

    /// Sets the successor of a slot, or the head of the list for [`NIL`].
    #[inline]
    fn set_next(&mut self, links: &mut Chunked<Links>, slot: u32, next: u32) {
        match slot {
            NIL => self.head = next,
            slot => links[slot as usize].next = next,
        }
    }

    /// Sets the predecessor of a slot, or the tail of the list for [`NIL`].
    #[inline]
    fn set_prev(&mut self, links: &mut Chunked<Links>, slot: u32, prev: u32) {
        match slot {
            NIL => self.tail = prev,
            slot => links[slot as usize].prev = prev,
        }
    }
}
