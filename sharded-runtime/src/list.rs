//! Doubly linked lists through the slots of a table: by index, without an allocation per entry.

use crate::chunked::Chunked;

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

/// Something with [`Links`] in it, in an array with an element per slot.
pub(crate) trait Linked {
    fn links(&mut self) -> &mut Links;
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

    pub(crate) fn push_front(&mut self, nodes: &mut Chunked<impl Linked>, slot: u32) {
        *nodes[slot as usize].links() = Links { prev: NIL, next: self.head };
        match self.head {
            NIL => self.tail = slot,
            head => nodes[head as usize].links().prev = slot,
        }
        self.head = slot;
    }

    /// `slot` must be in this list.
    pub(crate) fn unlink(&mut self, nodes: &mut Chunked<impl Linked>, slot: u32) {
        let Links { prev, next } = *nodes[slot as usize].links();
        self.join(nodes, prev, next);
    }

    pub(crate) fn move_to_front(&mut self, nodes: &mut Chunked<impl Linked>, slot: u32) {
        if self.head != slot {
            self.unlink(nodes, slot);
            self.push_front(nodes, slot);
        }
    }

    /// Lets `to` take the place of `from`, whose links it has been given already.
    pub(crate) fn moved(&mut self, nodes: &mut Chunked<impl Linked>, to: u32) {
        let Links { prev, next } = *nodes[to as usize].links();
        match prev {
            NIL => self.head = to,
            prev => nodes[prev as usize].links().next = to,
        }
        match next {
            NIL => self.tail = to,
            next => nodes[next as usize].links().prev = to,
        }
    }

    fn join(&mut self, nodes: &mut Chunked<impl Linked>, prev: u32, next: u32) {
        match prev {
            NIL => self.head = next,
            prev => nodes[prev as usize].links().next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => nodes[next as usize].links().prev = prev,
        }
    }
}
