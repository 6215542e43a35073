//! The search for a key.
//!
//! A search examines the home of the key's hash, and the buckets behind it as long as the counts of displaced entries
//! say so. It is written once, generic over a [`Reader`]:
//!
//! | reader | used by | how it reads |
//! |---|---|---|
//! | [`Held`] | the holder of a lock, shared or exclusive | by plain reads, since nobody writes |
//! | `Racy`, in `racy.rs` | a reader without a lock | by atomic words, checked against the sequence number |

use super::{
    bucket::Bucket,
    entry::{Found, FoundMut, SlotRef},
    header::Header,
    layout::Layout,
    slot::BucketNo,
    table::RawTable,
};
use crate::{Policy, hasher::KeyHash};
use std::{borrow::Borrow, convert::Infallible, sync::atomic::AtomicPtr};

/// How a search reads a table.
///
/// # Safety
///
/// As long as the reader exists, the directory of [`home`](Reader::home) must have an address for the chunk of that
/// home, and for each bucket below the result of [`buckets`](Reader::buckets). These must be addresses of blocks of
/// tables of these types, as [`Address::new`](super::address::Address::new) requires.
pub(super) unsafe trait Reader<K, V, P: Policy>: Sized {
    /// What a search returns for an entry.
    type Found;
    /// Why the search may give up.
    type Error;

    /// Whether a search prefetches memory.
    const PREFETCHES: bool = true;

    /// The directory of the table, and the home of a hash.
    fn home(&self, hash: KeyHash) -> Result<(*const AtomicPtr<u8>, BucketNo), Self::Error>;

    /// How many buckets have memory.
    fn buckets(&self) -> Result<u32, Self::Error>;

    /// The header of a bucket.
    ///
    /// # Safety
    ///
    /// The bucket must be one of the table that is read.
    unsafe fn header(&self, bucket: Bucket<K, V, P>) -> Header;

    /// The entry of a slot, if it has this key.
    ///
    /// # Safety
    ///
    /// The bucket must be one of the table that is read, whose [header](Reader::header) had a tag for the slot.
    unsafe fn entry<Q>(
        &mut self,
        at: SlotRef<K, V, P>,
        hash: KeyHash,
        key: &Q,
    ) -> Result<Option<Self::Found>, Self::Error>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized;

    /// The home of a hash, where a search begins.
    #[inline]
    fn start(&self, hash: KeyHash) -> Result<Start<K, V, P>, Self::Error> {
        let (directory, number) = self.home(hash)?;
        // SAFETY: a reader's directory has an address for the home.
        let bucket = unsafe { Bucket::of_directory(directory, number) };
        if Self::PREFETCHES {
            bucket.prefetch();
        }
        Ok(Start { bucket, number })
    }

    /// Searches for a key. Almost every search ends at the first slot of the home that has the tag of the hash.
    ///
    /// # Safety
    ///
    /// `start` must be what [`start`](Reader::start) has returned for this hash.
    #[inline]
    unsafe fn search<Q>(
        &mut self,
        start: Start<K, V, P>,
        hash: KeyHash,
        key: &Q,
    ) -> Result<Option<Self::Found>, Self::Error>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Start { bucket, number } = start;
        // SAFETY: the bucket is one of the table's.
        let slots = unsafe { self.header(bucket) }.with_tag_of(hash).within(Layout::<K, V, P>::ALL);
        if let Some(slot) = slots.first() {
            // SAFETY: the caller's promise, and the slot has this tag.
            if let Some(found) = unsafe { self.entry(SlotRef { bucket, number, slot }, hash, key) }? {
                return Ok(Some(found));
            }
        }
        // Reads the count by itself, so that the header need not be kept.
        // SAFETY: as above.
        if !slots.are_many() && unsafe { bucket.displaced() } == 0 {
            return Ok(None);
        }
        self.search_everywhere(hash, key)
    }

    /// Continues a [search](Reader::search) that did not end at its first slot, or gives up.
    ///
    /// `cold` also here, since rustc takes the weight of the branch to the call from this declaration: that saves a
    /// `get` under `RwLock` 5 of 132 instructions.
    #[cold]
    fn search_everywhere<Q>(&mut self, hash: KeyHash, key: &Q) -> Result<Option<Self::Found>, Self::Error>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.walk(hash, key)
    }

    /// Searches all buckets that may have the key.
    #[inline]
    fn walk<Q>(&mut self, hash: KeyHash, key: &Q) -> Result<Option<Self::Found>, Self::Error>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let (directory, mut number) = self.home(hash)?;
        loop {
            // SAFETY: it is the home, or a number below that of the buckets.
            let bucket = unsafe { Bucket::of_directory(directory, number) };
            if Self::PREFETCHES {
                bucket.prefetch();
            }
            // SAFETY: the bucket is one of the table's.
            let header = unsafe { self.header(bucket) };
            for slot in header.with_tag_of(hash).within(Layout::<K, V, P>::ALL) {
                // SAFETY: as above, and the slot has this tag.
                let found = unsafe { self.entry(SlotRef { bucket, number, slot }, hash, key) }?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            number = number.next();
            // The chain passes the last bucket only if a key has changed its hash.
            if header.displaced() == 0 || !number.is_below(self.buckets()?) {
                return Ok(None);
            }
        }
    }
}

/// The home where a search begins.
pub(super) struct Start<K, V, P> {
    pub(super) bucket: Bucket<K, V, P>,
    number: BucketNo,
}

impl<K, V, P> Clone for Start<K, V, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, P> Copy for Start<K, V, P> {}

/// Reads a borrowed table, which nobody writes.
struct Held<'t, K, V, P: Policy, I>(&'t RawTable<K, V, P, I>);

// SAFETY: a table has memory for all its buckets, and for the one home where there are none.
unsafe impl<K, V, P: Policy, I> Reader<K, V, P> for Held<'_, K, V, P, I> {
    type Found = SlotRef<K, V, P>;
    type Error = Infallible;

    #[inline]
    fn home(&self, hash: KeyHash) -> Result<(*const AtomicPtr<u8>, BucketNo), Infallible> {
        Ok((self.0.buckets.geometry.directory.as_ptr(), self.0.home_of(hash.low())))
    }

    #[inline]
    fn buckets(&self) -> Result<u32, Infallible> {
        Ok(self.0.buckets.count())
    }

    #[inline]
    unsafe fn header(&self, bucket: Bucket<K, V, P>) -> Header {
        // SAFETY: the caller's promise, and nobody writes.
        unsafe { bucket.header() }
    }

    #[inline]
    unsafe fn entry<Q>(
        &mut self,
        at: SlotRef<K, V, P>,
        hash: KeyHash,
        key: &Q,
    ) -> Result<Option<SlotRef<K, V, P>>, Infallible>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let SlotRef { bucket, slot, .. } = at;
        // SAFETY: the slot has a tag, so there is an entry, and nobody writes.
        let (entry, kept) = unsafe { (&*bucket.pair(slot), bucket.kept_hash(slot).map(|kept| kept.read())) };
        let may_be = kept.is_none_or(|kept| kept == hash.low());
        if may_be && entry.key.borrow() == key { Ok(Some(at)) } else { Ok(None) }
    }

    #[inline]
    fn search_everywhere<Q>(&mut self, hash: KeyHash, key: &Q) -> Result<Option<SlotRef<K, V, P>>, Infallible>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut found = None;
        self.0.search_everywhere(hash, key, &mut found);
        Ok(found)
    }
}

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    #[inline]
    pub(super) fn search<Q>(&self, hash: KeyHash, key: &Q) -> Option<SlotRef<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.search_from(self.start(hash), hash, key)
    }

    /// The home of a hash, where a [search](RawTable::search_from) begins.
    #[inline]
    pub(super) fn start(&self, hash: KeyHash) -> Start<K, V, P> {
        let Ok(start) = Held(self).start(hash);
        start
    }

    /// As [`search`](RawTable::search), from what [`start`](RawTable::start) has returned for this hash.
    #[inline]
    pub(super) fn search_from<Q>(&self, start: Start<K, V, P>, hash: KeyHash, key: &Q) -> Option<SlotRef<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // SAFETY: it is the start of this hash.
        let Ok(found) = unsafe { Held(self).search(start, hash, key) };
        found
    }

    /// The result is an out parameter, so that the result of the usual path stays in registers. As a return value it
    /// costs a `get` under `RwLock` 4 of 127 instructions.
    #[cold]
    fn search_everywhere<Q>(&self, hash: KeyHash, key: &Q, found: &mut Option<SlotRef<K, V, P>>)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Ok(at) = Held(self).walk(hash, key);
        *found = at;
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: KeyHash, key: &Q) -> Option<Found<'_, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let at = self.search(hash, key)?;
        // SAFETY: there is an entry, and the table is lent, so nobody writes.
        Some(unsafe { Found::new(at) })
    }

    /// As [`find`](RawTable::find), for changing.
    #[inline]
    pub(crate) fn find_mut<Q>(&mut self, hash: KeyHash, key: &Q) -> Option<FoundMut<'_, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let at = self.search(hash, key)?;
        // SAFETY: there is an entry, and `&mut self` keeps all others out.
        Some(unsafe { FoundMut::new(at) })
    }

    /// Begins a search for changing: has the processor fetch what it reads, beside whatever is done until
    /// [`find`](Search::find).
    #[inline]
    pub(crate) fn begin_search(&mut self, hash: KeyHash) -> Search<'_, K, V, P, I> {
        let start = self.start(hash);
        start.bucket.prefetch_header();
        Search { table: self, start, hash }
    }

    /// Calls the closure with the value of a key. Returns the closure if there is no entry.
    #[inline]
    pub(crate) fn find_change<Q, F, R>(&mut self, hash: KeyHash, key: &Q, change: F) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        match self.search(hash, key) {
            // SAFETY: there is an entry, and `&mut self` keeps all others out.
            Some(at) => Ok(unsafe { at.change(&mut self.retired, |_, value| change(value)) }),
            None => Err(change),
        }
    }
}

/// A search that has begun. See [`RawTable::begin_search`].
pub(crate) struct Search<'t, K, V, P: Policy, I> {
    table: &'t mut RawTable<K, V, P, I>,
    start: Start<K, V, P>,
    hash: KeyHash,
}

impl<'t, K, V, P: Policy, I> Search<'t, K, V, P, I> {
    /// The entry of this key, which must have the hash.
    #[inline]
    pub(crate) fn find<Q>(self, key: &Q) -> Option<FoundMut<'t, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let at = self.table.search_from(self.start, self.hash, key)?;
        // SAFETY: there is an entry, and the table is lent for changing, so all others are kept out.
        Some(unsafe { FoundMut::new(at) })
    }
}
