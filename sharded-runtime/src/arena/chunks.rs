//! Chunks of equal size out of large mappings.

use super::Home;
use crate::sys::memory;
use std::{collections::BTreeSet, ptr::NonNull, sync::Arc};

/// Chunks of the first mapping; each further one has twice as many...
const FIRST_MAPPING: usize = 16;
/// ...up to about this many bytes.
const LARGEST_MAPPING: usize = 1 << 30;
/// Bytes that a mapping leaves to others: an allocator that has nothing left itself takes a megabyte or more at once.
const LEAVE: usize = 4 << 20;
/// Free chunks that keep their pages: this many, or...
const KEEP: usize = 8;
/// ...one for so many in use.
const KEEP_SHARE: usize = 32;

pub(super) struct Chunks {
    size: usize,
    home: Arc<Home>,
    /// In the order of their chunks' numbers.
    mappings: Vec<Mapping>,
    /// Free chunks that still have their pages.
    warm: BTreeSet<u64>,
    /// Free chunks that have none.
    cold: BTreeSet<u64>,
    /// From this number on no chunk was ever taken.
    fresh: u64,
    used: usize,
}

/// A large piece of memory. Before its first chunk and behind its last there is room for one more, which is never used: a reader that lost
/// a race may take a block for a larger one, and look so far beside it.
struct Mapping {
    /// The first chunk.
    at: NonNull<u8>,
    first: u64,
    chunks: u64,
}

impl Chunks {
    pub(super) fn new(size: usize, home: Arc<Home>) -> Self {
        assert!(size.is_multiple_of(memory::PAGE), "a chunk consists of whole pages");
        let (warm, cold) = (BTreeSet::new(), BTreeSet::new());
        Chunks { size, home, mappings: Vec::new(), warm, cold, fresh: 0, used: 0 }
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
        if is_cold && self.home.is_strict() && !self.is_at_home(number) {
            return None;
        }
        self.used += 1;
        // Huge pages come by themselves, and what is strict has its pages by now.
        Some((number, is_cold && !self.home.huge_pages() && !self.home.is_strict()))
    }

    /// Has the pages of a chunk made; where they are not all where they must be, they are given back.
    fn is_at_home(&mut self, number: u64) -> bool {
        let chunk = self.address(number);
        // SAFETY: a chunk consists of whole pages of a mapping, which was bound when it was made.
        let is_at_home = unsafe { self.home.populate(chunk, self.size) };
        if !is_at_home {
            // SAFETY: it is a whole chunk that is free.
            let is_discarded = unsafe { discard(chunk, self.size) };
            self.put_back(number, is_discarded);
        }
        is_at_home
    }

    /// Takes a chunk back; answers one whose pages are to be given back.
    pub(super) fn give(&mut self, number: u64) -> Option<(u64, NonNull<u8>)> {
        self.used -= 1;
        self.warm.insert(number);
        if self.warm.len() <= KEEP.max(self.used / KEEP_SHARE) {
            return None;
        }
        // Low numbers are used first, so that the tail of a mapping can stay without pages.
        let surplus = self.warm.pop_last()?;
        Some((surplus, self.address(surplus)))
    }

    /// Takes back the chunk that [`give`](Chunks::give) answered.
    pub(super) fn put_back(&mut self, number: u64, is_discarded: bool) {
        if is_discarded {
            self.cold.insert(number)
        } else {
            self.warm.insert(number)
        };
    }

    pub(super) fn address(&self, number: u64) -> NonNull<u8> {
        let mapping = &self.mappings[self.mappings.partition_point(|mapping| mapping.first <= number) - 1];
        #[allow(clippy::cast_possible_truncation, reason = "an offset in memory")]
        let index = (number - mapping.first) as usize;
        // SAFETY: the chunk lies in the mapping.
        unsafe { mapping.at.add(index * self.size) }
    }

    /// The number of the chunk that an address lies in, and where in it.
    pub(super) fn locate(&self, at: NonNull<u8>) -> (u64, usize) {
        let at = at.addr().get();
        let contains = |mapping: &&Mapping| at.wrapping_sub(mapping.at.addr().get()) < mapping.bytes(self.size);
        let mapping = self.mappings.iter().rev().find(contains).expect("a block of this arena");
        let offset = at - mapping.at.addr().get();
        (mapping.first + (offset / self.size) as u64, offset % self.size)
    }

    fn take_fresh(&mut self) -> Option<u64> {
        let end = self.mappings.last().map_or(0, |last| last.first + last.chunks);
        if self.fresh == end {
            self.map(end)?;
        }
        self.fresh += 1;
        Some(self.fresh - 1)
    }

    fn map(&mut self, first: u64) -> Option<()> {
        let most = (LARGEST_MAPPING / self.size).max(1);
        let mut chunks = (FIRST_MAPPING << self.mappings.len().min(20)).min(most);
        // Where the whole is not to be had, less may be.
        let begin = loop {
            match memory::map((chunks + 2) * self.size, LEAVE) {
                Some(begin) => break begin,
                None if chunks > FIRST_MAPPING => chunks /= 2,
                None => return None,
            }
        };
        // SAFETY: this is the whole mapping.
        unsafe { self.home.bind(begin, (chunks + 2) * self.size) }
        if self.home.huge_pages() {
            // SAFETY: as above.
            unsafe { memory::prefer_huge_pages(begin, (chunks + 2) * self.size) }
        }
        // SAFETY: the mapping has a chunk before the first one.
        let at = unsafe { begin.add(self.size) };
        self.mappings.push(Mapping { at, first, chunks: chunks as u64 });
        Some(())
    }
}

impl Mapping {
    #[allow(clippy::cast_possible_truncation, reason = "the chunks lie in memory")]
    fn bytes(&self, size: usize) -> usize {
        self.chunks as usize * size
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        for mapping in &self.mappings {
            // SAFETY: this is the whole mapping, and whoever could look at it held the arena.
            unsafe { memory::unmap(mapping.at.sub(self.size), mapping.bytes(self.size) + 2 * self.size) }
        }
    }
}

/// Has the system provide the pages of a chunk.
///
/// # Safety
///
/// It must be a whole chunk.
pub(super) unsafe fn populate(chunk: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise.
    let _ = unsafe { memory::populate(chunk, size) };
}

/// Gives the pages of a chunk back.
///
/// # Safety
///
/// It must be a whole chunk that nobody uses, but readers as the arena describes them.
pub(super) unsafe fn discard(chunk: NonNull<u8>, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { memory::discard(chunk, size) }
}
