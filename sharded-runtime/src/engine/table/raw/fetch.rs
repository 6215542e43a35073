//! Prefetching the memory that searches will read, for calls that search for several keys at once.

use super::{bucket::MOST_LINES, layout::Layout, table::RawTable};
use crate::{Policy, hasher::KeyHash, memory::sys::prefetch::prefetch};
use std::{borrow::Borrow, mem::needs_drop, ptr};

/// A part of the memory that a search reads. The address of each part is in the part before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// The header of the home, and the part of its body that a search prefetches.
    Home,
    /// The first entry with the tag of the hash, or else the slot for a new entry.
    Entry,
    /// The data that the key of that entry borrows for a comparison, such as the bytes of a string.
    Key,
}

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// The parts in their order.
    pub(crate) const FETCHES: &[Fetch] = {
        let is_whole = (Layout::<K, V, P>::SLOTS * Layout::<K, V, P>::ENTRY).div_ceil(64) <= MOST_LINES;
        match (is_whole, needs_drop::<K>()) {
            (true, false) => &[Fetch::Home],
            (true, true) => &[Fetch::Home, Fetch::Key],
            (false, false) => &[Fetch::Home, Fetch::Entry],
            (false, true) => &[Fetch::Home, Fetch::Entry, Fetch::Key],
        }
    };

    /// Prefetches the home of a hash, where a search begins.
    #[inline]
    pub(crate) fn fetch_home(&self, hash: KeyHash) {
        // SAFETY: it is the home of a hash.
        let home = unsafe { self.bucket(self.home_of(hash.low())) };
        home.prefetch_header();
        home.prefetch();
    }

    /// Prefetches a part of the memory that a search for this hash reads.
    #[inline]
    pub(crate) fn fetch<Q>(&self, part: Fetch, hash: KeyHash)
    where
        K: Borrow<Q>,
        Q: ?Sized,
    {
        if part == Fetch::Home {
            return self.fetch_home(hash);
        }
        // SAFETY: it is the home of a hash.
        let home = unsafe { self.bucket(self.home_of(hash.low())) };
        // SAFETY: the bucket is one of this table's, or the empty one, which has a header too.
        let header = unsafe { home.header() };
        let all = Layout::<K, V, P>::ALL;
        let slot = header.with_tag_of(hash).within(all).first();
        if part == Fetch::Entry {
            slot.or_else(|| header.vacant(all).first()).into_iter().for_each(|slot| home.prefetch_entry(slot));
        } else if let Some(slot) = slot {
            // SAFETY: there is an entry in this slot, and nobody writes.
            let key = unsafe { &(*home.pair(slot)).key };
            prefetch(ptr::from_ref::<Q>(key.borrow()).cast());
        }
    }
}
