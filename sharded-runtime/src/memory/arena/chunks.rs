//! Chunks of equal size, in spans of contiguous memory.

use super::{shape::BlockShape, supply::Supply};
use crate::memory::sys::{memory, page};
use std::{collections::BTreeSet, ptr::NonNull};

/// A span has at most about this many bytes.
const LARGEST_SPAN: usize = 1 << 30;
/// Address space that a new mapping must leave free. The global allocator, when it is empty, takes a megabyte or more
/// at once.
pub(super) const LEAVE: usize = 4 << 20;
/// The least number of free chunks that keep their pages, unless that is more than [`KEEP_BYTES`].
const KEEP: usize = 8;
const KEEP_BYTES: usize = 512 << 10;
/// One free chunk for this many used ones keeps its pages, if that is more.
const KEEP_SHARE: usize = 32;

pub(super) struct Chunks<S: Supply> {
    size: usize,
    /// Unused chunks at each end of a span.
    guards: usize,
    source: S,
    /// Sorted by chunk number. Each span has about twice as many chunks as its predecessor.
    spans: Vec<Span>,
    /// Free chunks that still have their pages.
    warm: BTreeSet<u64>,
    /// Free chunks without pages. A page that several chunks share goes back once all of them are cold.
    cold: BTreeSet<u64>,
    /// The first chunk that was never taken; neither were those after it.
    fresh: u64,
    used: usize,
    /// Whether all free chunks keep their pages.
    keeps_all: bool,
}

/// Contiguous memory in whole pages. Chunks need not be aligned to pages, so neighbours may share a page.
///
/// If lock-free readers look at the chunks, the span has an unused guard chunk at each end: a reader that lost a race
/// may take a block for a larger one and read up to one chunk beyond it.
struct Span {
    begin: NonNull<u8>,
    bytes: usize,
    /// The number of the first chunk.
    first: u64,
    chunks: u64,
}

/// Consecutive free chunks that are set aside: they can't be taken until they are [put back](Chunks::put_back).
pub(super) struct Surplus {
    first: u64,
    last: u64,
    /// The address and the bytes of the pages that overlap no other chunk.
    pages: (NonNull<u8>, usize),
}

impl<S: Supply> Chunks<S> {
    pub(super) fn new(shape: &BlockShape, source: S) -> Self {
        assert!(shape.chunk.is_multiple_of(page::GRAIN), "a chunk is a multiple of the smallest page");
        let guards = usize::from(shape.is_racy);
        let (warm, cold) = (BTreeSet::new(), BTreeSet::new());
        Chunks { size: shape.chunk, guards, source, spans: Vec::new(), warm, cold, fresh: 0, used: 0, keeps_all: false }
    }

    /// From now on, free chunks keep their pages.
    pub(super) fn keep_all(&mut self) {
        self.keeps_all = true;
    }

    /// A free chunk, and whether the caller should populate its pages.
    pub(super) fn take(&mut self) -> Option<(u64, bool)> {
        let (number, is_cold) = match self.warm.pop_first() {
            Some(number) => (number, false),
            None => match self.cold.pop_first() {
                Some(number) => (number, true),
                None => (self.take_fresh()?, true),
            },
        };
        let node = self.source.node();
        // The kernel provides huge pages at once, and a strict node has populated its pages below.
        let is_to_populate = is_cold && !node.huge_pages() && !node.is_strict();
        if is_cold && node.is_strict() && !self.populate_on_node(number) {
            return None;
        }
        self.used += 1;
        Some((number, is_to_populate))
    }

    /// Populates the pages of a chunk. Returns whether all of them lie on its node; if not, they go back to the system.
    fn populate_on_node(&mut self, number: u64) -> bool {
        // SAFETY: a span consists of whole pages, so the pages of a chunk belong to its span, which was bound when it
        // was taken.
        let is_on_node = unsafe {
            let (at, bytes) = page::covering(self.address(number), self.size);
            self.source.node().populate(at, bytes)
        };
        if !is_on_node {
            let surplus = self.set_aside(number);
            // SAFETY: its chunks are set aside.
            let is_discarded = unsafe { surplus.discard() };
            self.put_back(&surplus, is_discarded);
        }
        is_on_node
    }

    /// Takes a chunk back. The caller [discards](Surplus::discard) the result and then [puts it
    /// back](Chunks::put_back).
    pub(super) fn give(&mut self, number: u64) -> Option<Surplus> {
        self.used -= 1;
        self.warm.insert(number);
        let kept = (KEEP_BYTES / self.size).clamp(1, KEEP);
        if self.keeps_all || self.warm.len() <= kept.max(self.used / KEEP_SHARE) {
            return None;
        }
        // Low numbers are reused first, so the tail of a span tends to stay without pages.
        let surplus = self.warm.pop_last()?;
        Some(self.set_aside(surplus))
    }

    /// Sets a free chunk aside, which must be in neither set, along with the cold chunks that share its pages.
    fn set_aside(&mut self, number: u64) -> Surplus {
        let span = &self.spans[self.span_of(number)];
        let at = |number: u64| span.address(number, self.guards, self.size).addr().get();
        let is_inside_a_page = |at: usize| !at.is_multiple_of(page::size());
        let (mut first, mut last) = (number, number);
        while is_inside_a_page(at(first)) && first > span.first && self.cold.remove(&(first - 1)) {
            first -= 1;
        }
        while is_inside_a_page(at(last + 1)) && last + 1 < span.end() && self.cold.remove(&(last + 1)) {
            last += 1;
        }
        // The first and the last chunk of a span own the margin beside them.
        let from = if first == span.first { span.begin.addr().get() } else { at(first) };
        let to = if last + 1 == span.end() { span.begin.addr().get() + span.bytes } else { at(last + 1) };
        let (from, to) = page::within(from, to);
        // SAFETY: it lies in the span.
        let begin = unsafe { span.begin.add(from - span.begin.addr().get()) };
        Surplus { first, last, pages: (begin, to - from) }
    }

    /// Makes chunks that were set aside available again.
    pub(super) fn put_back(&mut self, surplus: &Surplus, is_discarded: bool) {
        let free = if is_discarded { &mut self.cold } else { &mut self.warm };
        free.extend(surplus.first..=surplus.last);
    }

    pub(super) fn address(&self, number: u64) -> NonNull<u8> {
        self.spans[self.span_of(number)].address(number, self.guards, self.size)
    }

    fn span_of(&self, number: u64) -> usize {
        self.spans.partition_point(|span| span.first <= number) - 1
    }

    /// The number of the chunk at an address, and the offset in it.
    pub(super) fn locate(&self, at: NonNull<u8>) -> (u64, usize) {
        let at = at.addr().get();
        let contains = |span: &&Span| at.wrapping_sub(span.begin.addr().get()) < span.bytes;
        let span = self.spans.iter().rev().find(contains).expect("a block of this arena");
        let offset = at - span.begin.addr().get() - self.guards * self.size;
        (span.first + (offset / self.size) as u64, offset % self.size)
    }

    fn take_fresh(&mut self) -> Option<u64> {
        if self.spans.last().is_none_or(|last| self.fresh == last.end()) {
            self.add_span()?;
        }
        let number = self.fresh;
        self.fresh += 1;
        let span = self.spans.last()?;
        // Chunks that share a page with it become cold, so that each chunk of a touched page is known as free or used.
        let at = |number: u64| span.address(number, self.guards, self.size).addr().get();
        while self.fresh < span.end() && !at(self.fresh).is_multiple_of(page::size()) {
            self.cold.insert(self.fresh);
            self.fresh += 1;
        }
        Some(number)
    }

    fn add_span(&mut self) -> Option<()> {
        let least = (1 + 2 * self.guards) * self.size;
        let doubled = least.next_power_of_two() << self.spans.len().min(20);
        let mut bytes = self.source.size(doubled.min(LARGEST_SPAN).max(least));
        // If there is no memory for this size, try half of it. Sizes are rounded up, so halving may stop changing them.
        let begin = loop {
            if let Some(begin) = self.source.take(bytes, LEAVE) {
                break begin;
            }
            let half = self.source.size(bytes / 2);
            if bytes / 2 < least || half == bytes {
                return None;
            }
            bytes = half;
        };
        let chunks = (bytes / self.size - 2 * self.guards) as u64;
        let first = self.spans.last().map_or(0, Span::end);
        self.spans.push(Span { begin, bytes, first, chunks });
        Some(())
    }
}

impl Span {
    /// The address of a chunk of this span, or the end of its last chunk.
    #[allow(clippy::cast_possible_truncation, reason = "an offset in memory")]
    fn address(&self, number: u64, guards: usize, size: usize) -> NonNull<u8> {
        // SAFETY: the chunk lies in the span, and so does its end.
        unsafe { self.begin.add((guards + (number - self.first) as usize) * size) }
    }

    /// The number of the last chunk plus one.
    fn end(&self) -> u64 {
        self.first + self.chunks
    }
}

impl Surplus {
    /// Gives the pages back to the system. Returns `false` if the system refuses. `true` with pages that other chunks
    /// still use means that those go back later.
    ///
    /// # Safety
    ///
    /// The chunks must be set aside, so that nothing uses them, except lock-free readers.
    pub(super) unsafe fn discard(&self) -> bool {
        let (at, bytes) = self.pages;
        // SAFETY: these are whole pages of a span. They overlap only chunks that nothing uses, as the caller
        // guarantees, and margins.
        bytes == 0 || unsafe { memory::discard(at, bytes) }
    }
}

impl<S: Supply> Drop for Chunks<S> {
    fn drop(&mut self) {
        for span in &self.spans {
            // SAFETY: this is the whole span. Every reader borrows the arena, so none is left.
            unsafe { self.source.give(span.begin, span.bytes) }
        }
    }
}
