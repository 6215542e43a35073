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
//!
//! Where entries are shared, what a reader copies is the address of an entry. It announces itself before it begins
//! (`memory/reclaim/`), and follows the address only after it has checked the number: the table had the entry at that
//! moment. So whoever retires the entry did it later, and waits for this reader.

use super::{
    bucket::Bucket,
    entry::SlotRef,
    geometry::Geometry,
    header::Header,
    layout::{Layout, Pair},
    probe::Reader,
    shared::SharedEntry,
    slot::BucketNo,
    table::RawTable,
    words::WordAligned,
};
use crate::{
    Policy,
    clock::{Deadline, Moment, Nanos},
    expiry::Stamp,
    hasher::KeyHash,
    lock::{Attempt, Copies, Raced, Stable, View, ViewState},
    memory::reclaim::Reading,
};
use std::{
    borrow::Borrow,
    marker::PhantomData,
    mem::{ManuallyDrop, MaybeUninit},
    ptr::NonNull,
    sync::atomic::AtomicPtr,
};

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

/// The destination of the copies that a reader makes: of entries, or of addresses of shared entries. Calls pass it by
/// reference, so that a large entry is on the stack only once. Where entries are shared, the reader stays announced as
/// long as its place lives.
pub(crate) struct Place<K, V, P: Policy> {
    read: Read<K, V>,
    /// Initialized if entries are shared.
    reading: MaybeUninit<Reading>,
    policy: PhantomData<P>,
}

/// What a reader has copied: an entry, or the address of a shared one.
union Read<K, V> {
    entry: ManuallyDrop<WordAligned<Pair<K, V>>>,
    shared: ManuallyDrop<WordAligned<NonNull<SharedEntry<K, V>>>>,
}

impl<K, V, P: Policy> Place<K, V, P> {
    #[inline]
    pub(crate) fn new() -> Self {
        let reading =
            if Layout::<K, V, P>::IS_SHARED { MaybeUninit::new(Reading::begin()) } else { MaybeUninit::uninit() };
        let read = Read { shared: ManuallyDrop::new(WordAligned(MaybeUninit::uninit())) };
        Place { read, reading, policy: PhantomData }
    }

    /// The entry that was copied last, or whose address was.
    ///
    /// # Safety
    ///
    /// Something must have been copied. It must have been an entry of such a table at one moment, since this place
    /// exists, and be `Copy` if entries are not shared.
    #[inline]
    unsafe fn pair(&self) -> &Pair<K, V> {
        // SAFETY: the caller's promise. A shared entry that the table had since this place exists is not dropped until
        // the reading ends, which this place has, and nobody changes it.
        unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                &(*self.read.shared.0.assume_init().as_ptr()).pair
            } else {
                self.read.entry.0.assume_init_ref()
            }
        }
    }
}

impl<K, V, P: Policy> Drop for Place<K, V, P> {
    #[inline]
    fn drop(&mut self) {
        if Layout::<K, V, P>::IS_SHARED {
            // SAFETY: it is initialized, and dropped once.
            unsafe { self.reading.assume_init_drop() }
        }
    }
}

/// An entry that was found without a lock: a copy of it, or a shared one where it lies.
pub(crate) struct Unlocked<'p, V> {
    pub(crate) value: &'p V,
    pub(crate) deadline: Deadline,
    /// When it was last used, if that is noted.
    pub(crate) used: Moment,
}

/// The times of an entry that was found.
#[derive(Clone, Copy)]
struct Times {
    deadline: Deadline,
    used: Moment,
}

impl<'p, V> Unlocked<'p, V> {
    /// The entry that a search has found.
    ///
    /// # Safety
    ///
    /// As of [`Place::pair`].
    #[inline]
    unsafe fn of<K, P: Policy>(place: &'p Place<K, V, P>, Times { deadline, used }: Times) -> Self {
        // SAFETY: the caller's promise.
        Unlocked { value: unsafe { &place.pair().value }, deadline, used }
    }
}

/// An entry that outlives the look at it, for a reader who looks at several entries.
pub(crate) struct Kept<K, V, P: Policy> {
    place: Place<K, V, P>,
    /// Those of the entry in `place`, if there is one.
    times: Option<Times>,
}

impl<K, V, P: Policy> Kept<K, V, P> {
    /// No entry yet.
    #[inline]
    pub(crate) fn new() -> Self {
        Kept { place: Place::new(), times: None }
    }

    /// Copies the entry of a key, if there is one.
    ///
    /// # Errors
    ///
    /// If a writer is in the way. Then there is no copy.
    #[inline]
    pub(crate) fn look<I, Q, L: Look>(
        &mut self,
        view: &View<RawTable<K, V, P, I>>,
        copies: Copies<K, V, P::Lock>,
        (hash, key): (KeyHash, &Q),
        idle: Nanos,
    ) -> Result<(), Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // First, since a look that fails leaves bytes that are no entry.
        self.times = None;
        let found = view.look::<Q, L>(copies, (hash, key), idle, &mut self.place)?;
        self.times = found.map(|Unlocked { deadline, used, .. }| Times { deadline, used });
        Ok(())
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<Unlocked<'_, V>> {
        // SAFETY: only a look that has found an entry sets the times. It has copied the entry last, or its address,
        // which the table had at that moment, after this place was made. Entries are copied only if they are `Copy`.
        self.times.map(|times| unsafe { Unlocked::of(&self.place, times) })
    }
}

/// Reads the table of a view by atomic words, in one attempt. A search that finds the key returns the times of its
/// entry, and has copied the entry to `place`.
struct Racy<'a, K, V, P: Policy, L> {
    state: &'a ViewState,
    attempt: Attempt<'a>,
    idle: Nanos,
    place: &'a mut Place<K, V, P>,
    look: PhantomData<L>,
}

// SAFETY: it is made only in `look`, from the view of a table of these types. The directory and the numbers are checked
// to be of one moment before they are returned, so the directory had an address for each chunk. Later it has the same
// addresses, or others of the same arena. That memory stays mapped, with a chunk's length around each block. The empty
// directory has an address as well.
unsafe impl<K, V, P: Policy, L: Look> Reader<K, V, P> for Racy<'_, K, V, P, L> {
    type Found = Stable<Times>;
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
    unsafe fn entry<Q>(&mut self, at: SlotRef<K, V, P>, _: KeyHash, key: &Q) -> Result<Option<Stable<Times>>, Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let SlotRef { bucket, slot, .. } = at;
        // SAFETY: the slot is in the bucket; writers of such tables write by words.
        let stamp = unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                bucket.shared_entry_racy(slot, &mut self.place.read.shared);
            } else {
                bucket.copy_racy(slot, &mut self.place.read.entry);
            }
            bucket.stamp(slot)
        };
        let times = self.attempt.check(Times { deadline: stamp.deadline(self.idle), used: stamp.used() })?;
        // SAFETY: nobody has written since before the tag was read, so there is an entry in this slot, and this is a
        // copy of it, or its address. A copy may be used, since key and value are `Copy`.
        let Pair { key: found, .. } = unsafe { self.place.pair() };
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
        Ok(Some(times))
    }

    #[inline]
    fn search_everywhere<Q>(&mut self, _: KeyHash, _: &Q) -> Result<Option<Stable<Times>>, Unclear>
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
        _: Copies<K, V, P::Lock>,
        (hash, key): (KeyHash, &Q),
        idle: Nanos,
        place: &'p mut Place<K, V, P>,
    ) -> Result<Option<Unlocked<'p, V>>, Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !Layout::<K, V, P>::IS_RACY {
            return Err(Unclear);
        }
        let times = self.state().sequence().read(|attempt| {
            let mut reader = Racy { state: self.state(), attempt, idle, place: &mut *place, look: PhantomData::<L> };
            if !L::IS_GLANCE {
                return Reader::<K, V, P>::walk(&mut reader, hash, key);
            }
            let start = Reader::<K, V, P>::start(&reader, hash)?;
            // SAFETY: it is the start of this hash.
            unsafe { reader.search(start, hash, key) }
        })?;
        // SAFETY: the entry whose times the search returns was copied last, and read at one moment.
        Ok(times.map(|times| unsafe { Unlocked::of(place, times) }))
    }

    /// Prefetches the header that a search for this hash reads first.
    #[inline]
    pub(crate) fn prefetch_header(&self, _: Copies<K, V, P::Lock>, hash: KeyHash) {
        self.state().sequence().hint(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.state(), attempt, hash)?;
            // SAFETY: as of `Racy`.
            unsafe { Bucket::<K, V, P>::of_directory(directory, number) }.prefetch_header();
            Ok(())
        });
    }

    /// Prefetches the entry that the search reads next, after [`prefetch_header`](View::prefetch_header).
    #[inline]
    pub(crate) fn prefetch_entry(&self, _: Copies<K, V, P::Lock>, hash: KeyHash) {
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
