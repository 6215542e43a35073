//! Reading without a lock.
//!
//! A reader takes the sequence number of the shard, searches by atomic loads alone, copies the entry, and takes the
//! number again. If it is the same (and even), no writer was inside meanwhile, so the copy is the entry at one moment.
//! Only then the bytes become a key and a value. `shard/lock/raw/sequence.rs` has the protocol: a search runs in a
//! closure, and no answer leaves it unchecked.
//!
//! This is the sequence lock as Boehm proves it for the C++ memory model ("Can seqlocks get along with programming
//! language memory models?", MSPC 2012).
//!
//! Memory that a reader may follow is never unmapped (see `arena`), so a lost race brings meaningless bytes at worst.

use super::{
    bucket::Bucket,
    entry::SlotRef,
    geometry::Geometry,
    header::Header,
    layout::{Layout, Pair},
    probe::Reader,
    slot::BucketNo,
    table::RawTable,
    words::WordAligned,
};
use crate::{
    Policy,
    clock::{Deadline, Nanos},
    expiry::Stamp,
    hasher::KeyHash,
    lock::{Attempt, Copies, Raced, Stable, View, ViewState},
};
use std::{borrow::Borrow, marker::PhantomData, mem::MaybeUninit, sync::atomic::AtomicPtr};

/// A look failed: a writer was active, or a [glance](Glance) was not enough.
#[derive(Debug)]
pub(crate) struct Unclear;

impl From<Raced> for Unclear {
    #[inline]
    fn from(_: Raced) -> Self {
        Unclear
    }
}

/// How a reader looks at an entry.
pub(crate) trait Look {
    /// Whether it is a use of the entry, which is marked for the eviction.
    const IS_USE: bool;
    /// Whether it examines only one slot, and is [`Unclear`] if that is not enough.
    const IS_GLANCE: bool = false;
    /// Whether the memory of the entry was prefetched.
    const IS_FETCHED: bool = false;
}

/// As a use.
pub(crate) enum Use {}
impl Look for Use {
    const IS_USE: bool = true;
}

/// As a use, with one slot only.
pub(crate) enum Glance {}
impl Look for Glance {
    const IS_USE: bool = true;
    const IS_GLANCE: bool = true;
}

/// As a use, after [`prefetch_entry`](View::prefetch_entry).
pub(crate) enum UseFetched {}
impl Look for UseFetched {
    const IS_USE: bool = true;
    const IS_FETCHED: bool = true;
}

/// Not as a use.
pub(crate) enum Peek {}
impl Look for Peek {
    const IS_USE: bool = false;
}

/// The destination of the copies that a reader makes. Calls pass it by reference, so that a large entry is on the stack
/// only once.
pub(crate) struct Place<K, V>(WordAligned<Pair<K, V>>);

impl<K, V> Place<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        Place(WordAligned(MaybeUninit::uninit()))
    }
}

/// A copy of an entry.
pub(crate) struct Copied<'p, V> {
    pub(crate) value: &'p V,
    pub(crate) deadline: Deadline,
}

impl<'p, V> Copied<'p, V> {
    /// The entry that a search has found.
    ///
    /// # Safety
    ///
    /// The last copy must have been read at one moment, and the types must be `Copy`.
    #[inline]
    unsafe fn of<K>(place: &'p Place<K, V>, deadline: Deadline) -> Self {
        // SAFETY: the caller's promise.
        Copied { value: unsafe { &place.0.0.assume_init_ref().value }, deadline }
    }
}

/// A copy of an entry that outlives the look at it, for a reader who looks at several entries.
pub(crate) struct Kept<K, V> {
    place: Place<K, V>,
    /// That of the entry in `place`, if there is one.
    deadline: Option<Deadline>,
}

impl<K, V> Kept<K, V> {
    /// No entry yet.
    #[inline]
    pub(crate) fn new() -> Self {
        Kept { place: Place::new(), deadline: None }
    }

    /// Copies the entry of a key, if there is one.
    ///
    /// # Errors
    ///
    /// If a writer is in the way. Then there is no copy.
    #[inline]
    pub(crate) fn look<P: Policy, I, Q, L: Look>(
        &mut self,
        view: &View<RawTable<K, V, P, I>>,
        copies: Copies<K, V>,
        (hash, key): (KeyHash, &Q),
        idle: Nanos,
    ) -> Result<(), Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // First, since a look that fails leaves bytes that are no entry.
        self.deadline = None;
        let found = view.look::<Q, L>(copies, (hash, key), idle, &mut self.place)?;
        self.deadline = found.map(|copied| copied.deadline);
        Ok(())
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<Copied<'_, V>> {
        // SAFETY: only a look that has found an entry sets the deadline. It has copied the entry last, read at one
        // moment, and only for types that are `Copy`.
        self.deadline.map(|deadline| unsafe { Copied::of(&self.place, deadline) })
    }
}

/// Reads the table of a view by atomic words, in one attempt. A search that finds the key returns the deadline of its
/// entry, and has copied the entry to `place`.
struct Racy<'a, K, V, L> {
    state: &'a ViewState,
    attempt: Attempt<'a>,
    idle: Nanos,
    place: &'a mut Place<K, V>,
    look: PhantomData<L>,
}

// SAFETY: it is made only in `look`, from the view of a table of these types. The directory and the numbers are checked
// to be of one moment before they are returned, so the directory had an address for each chunk. Later it has the same
// addresses, or others of the same arena. That memory stays mapped, with a chunk's length around each block. The empty
// directory has an address as well.
unsafe impl<K, V, P: Policy, L: Look> Reader<K, V, P> for Racy<'_, K, V, L> {
    type Found = Stable<Deadline>;
    type Error = Unclear;

    const PREFETCHES: bool = !L::IS_FETCHED;

    #[inline]
    fn home(&self, hash: KeyHash) -> Result<(*const AtomicPtr<u8>, BucketNo), Unclear> {
        Ok(Geometry::home_in::<P>(self.state, self.attempt, hash)?)
    }

    #[inline]
    fn buckets(&self) -> Result<u32, Unclear> {
        Ok(Geometry::buckets_in(self.state, self.attempt)?)
    }

    #[inline]
    unsafe fn header(&self, bucket: Bucket<K, V, P>) -> Header {
        // SAFETY: the bucket is in memory of the arena.
        unsafe { bucket.header_racy() }
    }

    #[inline]
    unsafe fn entry<Q>(
        &mut self,
        at: SlotRef<K, V, P>,
        _: KeyHash,
        key: &Q,
    ) -> Result<Option<Stable<Deadline>>, Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let SlotRef { bucket, slot, .. } = at;
        // SAFETY: the slot is in the bucket; writers of such tables write by words.
        let stamp = unsafe {
            bucket.copy_racy(slot, &mut self.place.0);
            bucket.stamp(slot)
        };
        let deadline = self.attempt.check(stamp.deadline(self.idle))?;
        // SAFETY: nobody has written since before the tag was read, so there is an entry in this slot, and this is a
        // copy of it. The copy may be used, since key and value are `Copy`.
        let Pair { key: found, .. } = unsafe { self.place.0.0.assume_init_ref() };
        if found.borrow() != key {
            return Ok(None);
        }
        // SAFETY: the slot is in the bucket. Even if the memory is another bucket's by now, these bits are marks, see
        // `layout`.
        if L::IS_USE
            && let Some(marks) = unsafe { bucket.marks() }
        {
            marks.set(slot);
        }
        Ok(Some(deadline))
    }

    #[inline]
    fn search_everywhere<Q>(&mut self, _: KeyHash, _: &Q) -> Result<Option<Stable<Deadline>>, Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        Err(Unclear)
    }
}

impl<K, V, P: Policy, I> View<RawTable<K, V, P, I>> {
    /// Copies the entry of a key.
    ///
    /// # Errors
    ///
    /// If a writer is active, or a glance is not enough.
    #[inline]
    pub(crate) fn look<'p, Q, L: Look>(
        &self,
        _: Copies<K, V>,
        (hash, key): (KeyHash, &Q),
        idle: Nanos,
        place: &'p mut Place<K, V>,
    ) -> Result<Option<Copied<'p, V>>, Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !Layout::<K, V, P>::IS_RACY {
            return Err(Unclear);
        }
        let deadline = self.state().sequence().read(|attempt| {
            let mut reader = Racy { state: self.state(), attempt, idle, place: &mut *place, look: PhantomData::<L> };
            if !L::IS_GLANCE {
                return Reader::<K, V, P>::walk(&mut reader, hash, key);
            }
            let start = Reader::<K, V, P>::start(&reader, hash)?;
            // SAFETY: it is the start of this hash.
            unsafe { reader.search(start, hash, key) }
        })?;
        // SAFETY: the entry whose deadline the search returns was copied last, and read at one moment.
        Ok(deadline.map(|deadline| unsafe { Copied::of(place, deadline) }))
    }

    /// Prefetches the header that a search for this hash reads first.
    #[inline]
    pub(crate) fn prefetch_header(&self, _: Copies<K, V>, hash: KeyHash) {
        self.state().sequence().hint(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.state(), attempt, hash)?;
            // SAFETY: as of `Racy`.
            unsafe { Bucket::<K, V, P>::of_directory(directory, number) }.prefetch_header();
            Ok(())
        });
    }

    /// Prefetches the entry that the search reads next, after [`prefetch_header`](View::prefetch_header).
    #[inline]
    pub(crate) fn prefetch_entry(&self, _: Copies<K, V>, hash: KeyHash) {
        self.state().sequence().hint(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.state(), attempt, hash)?;
            // SAFETY: as of `Racy`.
            let home = unsafe { Bucket::<K, V, P>::of_directory(directory, number) };
            // SAFETY: the bucket is in memory of the arena.
            let header = unsafe { home.header_racy() };
            if let Some(slot) = header.with_tag_of(hash).within(Layout::<K, V, P>::ALL).first() {
                home.prefetch_entry(slot);
            }
            Ok(())
        });
    }
}
