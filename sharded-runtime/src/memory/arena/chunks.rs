//! Chunks of equal size, side by side in larger spans.

use super::{shape::Shape, supply::Supply};
use crate::memory::sys::{memory, page};
use std::{collections::BTreeSet, ptr::NonNull};

/// A span has at most about this many bytes.
const LARGEST_SPAN: usize = 1 << 30;
/// Bytes that a mapping leaves to others: an allocator that has nothing left itself takes a megabyte or more at once.
pub(super) const LEAVE: usize = 4 << 20;
/// Free chunks that keep their pages: this many, or...
const KEEP: usize = 8;
/// ...one for so many in use.
const KEEP_SHARE: usize = 32;

pub(super) struct Chunks<S: Supply> {
    size: usize,
    /// Chunks at each end of a span that are never used.
    guards: usize,
    source: S,
    /// In the order of their chunks' numbers; each has about twice as many as the one before.
    spans: Vec<Span>,
    /// Free chunks that still have their pages.
    warm: BTreeSet<u64>,
    /// Free chunks whose pages have been given back, or will be when the other chunks of the same page are cold as well.
    cold: BTreeSet<u64>,
    /// From this number on no chunk was ever taken.
    fresh: u64,
    used: usize,
}

/// Memory in whole pages. A chunk may begin and end inside of a page, so neighbours may share one.
///
/// Where readers without a lock look at the chunks, there is room for one more before the first and behind the last, which is never used: a reader
/// that lost a race may take a block for a larger one, and look so far beside it.
struct Span {
    begin: NonNull<u8>,
    bytes: usize,
    /// The number of the first chunk.
    first: u64,
    chunks: u64,
}

/// Free chunks in a row that nobody can take until they are [put back](Chunks::put_back).
pub(super) struct Surplus {
    first: u64,
    last: u64,
    /// The pages that consist of them alone: an address and bytes.
    pages: (NonNull<u8>, usize),
}

impl<S: Supply> Chunks<S> {
    pub(super) fn new(shape: &Shape, source: S) -> Self {
        assert!(shape.chunk.is_multiple_of(page::GRAIN), "a chunk consists of the smallest of pages");
        let guards = usize::from(shape.is_racy);
        let (warm, cold) = (BTreeSet::new(), BTreeSet::new());
        Chunks { size: shape.chunk, guards, source, spans: Vec::new(), warm, cold, fresh: 0, used: 0 }
    }

    /// A free chunk, and whether it has no pages yet, which one call may provide.
    pub(super) fn take(&mut self) -> Option<(u64, bool)> {
        let (number, is_cold) = match self.warm.pop_first() {
            Some(number) => (number, false),
            None => match self.cold.pop_first() {
                Some(number) => (number, true),
                None => (self.take_fresh()?, true),
            },
        };
        let home = self.source.home();
        // Huge pages come by themselves, and what is strict gets its pages here.
        let is_to_populate = is_cold && !home.huge_pages() && !home.is_strict();
        if is_cold && home.is_strict() && !self.is_at_home(number) {
            return None;
        }
        self.used += 1;
        Some((number, is_to_populate))
    }

    /// Has the pages of a chunk made; where they are not all where they must be, they are given back.
    fn is_at_home(&mut self, number: u64) -> bool {
        // SAFETY: a span consists of whole pages, so those of a chunk belong to its span; and that was bound when it was taken.
        let is_at_home = unsafe {
            let (at, bytes) = page::covering(self.address(number), self.size);
            self.source.home().populate(at, bytes)
        };
        if !is_at_home {
            let surplus = self.set_aside(number);
            // SAFETY: nobody uses its chunks.
            let is_discarded = unsafe { surplus.discard() };
            self.put_back(&surplus, is_discarded);
        }
        is_at_home
    }

    /// Takes a chunk back; answers what is to be [discarded](Surplus::discard) and then [put back](Chunks::put_back).
    pub(super) fn give(&mut self, number: u64) -> Option<Surplus> {
        self.used -= 1;
        self.warm.insert(number);
        if self.warm.len() <= KEEP.max(self.used / KEEP_SHARE) {
            return None;
        }
        // Low numbers are used first, so that the tail of a span can stay without pages.
        let surplus = self.warm.pop_last()?;
        Some(self.set_aside(surplus))
    }

    /// A free chunk, which must be in neither set, with those cold ones that it shares pages with.
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
        // What lies around the chunks of a span is nobody's.
        let from = if first == span.first { span.begin.addr().get() } else { at(first) };
        let to = if last + 1 == span.end() { span.begin.addr().get() + span.bytes } else { at(last + 1) };
        let (from, to) = page::within(from, to);
        // SAFETY: it lies in the span.
        let begin = unsafe { span.begin.add(from - span.begin.addr().get()) };
        Surplus { first, last, pages: (begin, to - from) }
    }

    /// Takes back what was set aside.
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

    /// The number of the chunk that an address lies in, and where in it.
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
        // Those that share a page with it can be taken from now on, so that it is known of each whether it is free.
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
        // A smaller span may be there where a larger one is not. Sizes are rounded up, so half of the least is as much as before.
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
    /// Of a chunk in it, or of the end of the last one.
    #[allow(clippy::cast_possible_truncation, reason = "an offset in memory")]
    fn address(&self, number: u64, guards: usize, size: usize) -> NonNull<u8> {
        // SAFETY: the chunk lies in the span, and so does its end.
        unsafe { self.begin.add((guards + (number - self.first) as usize) * size) }
    }

    /// The number behind that of the last chunk.
    fn end(&self) -> u64 {
        self.first + self.chunks
    }
}

impl Surplus {
    /// Gives the pages back to the system. Says whether they are gone, or will be when others go that share them.
    ///
    /// # Safety
    ///
    /// The chunks must have been set aside, so that nobody uses them, but readers as the arena describes them.
    pub(super) unsafe fn discard(&self) -> bool {
        let (at, bytes) = self.pages;
        // SAFETY: these are whole pages of a span, and only of chunks that nobody uses, as the caller promises, and of what is nobody's.
        bytes == 0 || unsafe { memory::discard(at, bytes) }
    }
}

impl<S: Supply> Drop for Chunks<S> {
    fn drop(&mut self) {
        for span in &self.spans {
            // SAFETY: this is the whole span, and whoever could look at it held the arena.
            unsafe { self.source.give(span.begin, span.bytes) }
        }
    }
}
