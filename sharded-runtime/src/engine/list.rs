//! Doubly linked lists of slots, linked by index, without an allocation per entry.

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
        links[slot as usize] = Links { prev: NIL, next: self.head };
        match self.head {
            NIL => self.tail = slot,
            head => links[head as usize].prev = slot,
        }
        self.head = slot;
    }

    /// `slot` must be in this list.
    pub(crate) fn unlink(&mut self, links: &mut Chunked<Links>, slot: u32) {
        let Links { prev, next } = links[slot as usize];
        self.join(links, prev, next);
    }

    pub(crate) fn move_to_front(&mut self, links: &mut Chunked<Links>, slot: u32) {
        if self.head != slot {
            self.unlink(links, slot);
            self.push_front(links, slot);
        }
    }

    /// Replaces the slot `from` by `to`, for which links may not exist yet.
    pub(crate) fn moved(&mut self, links: &mut Chunked<Links>, from: u32, to: u32) {
        links.reach(to as usize);
        let Links { prev, next } = links[from as usize];
        links[to as usize] = Links { prev, next };
        match prev {
            NIL => self.head = to,
            prev => links[prev as usize].next = to,
        }
        match next {
            NIL => self.tail = to,
            next => links[next as usize].prev = to,
        }
    }

    fn join(&mut self, links: &mut Chunked<Links>, prev: u32, next: u32) {
        match prev {
            NIL => self.head = next,
            prev => links[prev as usize].next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => links[next as usize].prev = prev,
        }
    }
}
