//! The storage of a table: entries in buckets, which are found by linear hashing and grow in number one at a time.
//!
//! | file | what is in it |
//! |---|---|
//! | `layout.rs` | how a bucket lies in memory |
//! | `bucket.rs` | one bucket |
//! | `words.rs` | copying what may be written meanwhile |
//! | `homes.rs` | which bucket a hash belongs to |
//! | `grow.rs` | one bucket more, or one less |
//! | `walk.rs` | all entries, some at a time, each once |
//! | `racy.rs` | reading without a lock |
//!
//! `README.md` one folder up says why it is made like this, and what was measured.
//!
//! # What always holds
//!
//! - The buckets `0..buckets` have memory. Those in `0..homes` are *homes*: every hash belongs to one of them.
//! - An entry lies in its home or in a later bucket; then each bucket from its home on up to where it lies counts it as
//!   displaced (up to the count's limit), so that a search goes on exactly as long as it must.
//! - A slot has an entry if its tag is not zero. A slot's number is the bucket's, shifted, and its place in it.

// A method that is `unsafe` says what of the bucket it is called on, see `bucket.rs`; here this holds: a `RawTable` has its
// buckets to itself, but for readers that race, and `&mut` (or the lock that gave `&`) keeps writers apart.

mod bucket;
mod grow;
mod homes;
mod layout;
mod racy;
mod walk;
mod words;

pub(crate) use grow::Moves;
pub(crate) use layout::StampOf;
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use racy::Copies;
pub(crate) use racy::{Copied, Raced, View};
pub(crate) use walk::{Cursor, Entries};

use crate::{
    Policy,
    arena::{Arena, Directory},
    list::NIL,
};
use bucket::{Bucket, Slots, tag};
use homes::Homes;
use layout::{Layout, Pair};
use std::{
    borrow::Borrow,
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed},
    },
};

/// The most buckets that can be numbered.
const MAX_BUCKETS: u32 = 1 << 28;

/// The storage of a table, see the [module](self).
pub(crate) struct RawTable<K, V, P: Policy> {
    /// The addresses of the chunks; that of the first block while there is only one, which may be smaller than a chunk.
    directory: Directory,
    homes: Homes,
    /// The number of homes that it is growing or shrinking to.
    target: u32,
    buckets: u32,
    /// Where the bodies begin in every block.
    bodies: u32,
    /// The logarithm of the directory's length.
    directory_class: u32,
    len: usize,
    /// With fewer entries than this it should shrink...
    least: usize,
    /// ...and with more it should grow, once it has the homes that it should have.
    most: usize,
    /// From how many entries on one more home is to be split or merged.
    next_step: usize,
    arena: Arc<Arena>,
    entries: PhantomData<Pair<K, V>>,
    policy: PhantomData<P>,
}

// SAFETY: it owns its entries; the stamps are atomics.
unsafe impl<K: Send, V: Send, P: Policy> Send for RawTable<K, V, P> {}
// SAFETY: what is shared is `&K` and `&V`.
unsafe impl<K: Sync, V: Sync, P: Policy> Sync for RawTable<K, V, P> {}

/// There is no memory for one more entry.
#[derive(Debug)]
pub(crate) struct NoMemory;

/// Where an entry is.
struct At<K, V, P> {
    bucket: Bucket<K, V, P>,
    number: u32,
    slot: usize,
}

impl<K, V, P: Policy> At<K, V, P> {
    /// Lends the value for changing.
    ///
    /// # Safety
    ///
    /// There must be an entry, which nobody else uses but readers that race.
    #[inline]
    unsafe fn change<R>(&self, change: impl FnOnce(&K, &mut V) -> R) -> R {
        let At { bucket, slot, .. } = *self;
        if Layout::<K, V, P>::IS_RACY {
            // SAFETY: there is an entry; the copy goes back and is forgotten here, so it exists once.
            let mut copy = PutBack { bucket, slot, pair: ManuallyDrop::new(unsafe { bucket.take(slot) }) };
            let Pair { key, value } = &mut *copy.pair;
            return change(key, value);
        }
        // SAFETY: the caller's promise.
        let Pair { key, value } = unsafe { &mut *bucket.pair(slot) };
        change(key, value)
    }
}

/// The one bucket of all tables that have none: nothing is in it, and nothing is put in.
#[repr(align(16))]
struct Empty([AtomicU64; 2]);
static EMPTY: Empty = Empty([const { AtomicU64::new(0) }; 2]);
static EMPTY_DIRECTORY: AtomicPtr<u8> = AtomicPtr::new((&raw const EMPTY.0).cast_mut().cast());

/// An entry, lent.
pub(crate) struct Found<'a, K, V, P: Policy> {
    at: At<K, V, P>,
    table: PhantomData<&'a RawTable<K, V, P>>,
}

impl<'a, K, V, P: Policy> Found<'a, K, V, P> {
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
    pub(crate) fn slot(&self) -> u32 {
        self.at.number << Layout::<K, V, P>::SLOT_BITS | self.at.slot as u32
    }

    #[inline]
    pub(crate) fn key(&self) -> &'a K {
        // SAFETY: the table is lent, so the entry is there and nobody writes.
        unsafe { &(*self.at.bucket.pair(self.at.slot)).key }
    }

    #[inline]
    pub(crate) fn value(&self) -> &'a V {
        // SAFETY: as above.
        unsafe { &(*self.at.bucket.pair(self.at.slot)).value }
    }

    #[inline]
    pub(crate) fn stamp(&self) -> &'a StampOf<P> {
        // SAFETY: as above.
        unsafe { self.at.bucket.stamp(self.at.slot) }
    }

    /// Clears the mark that readers without a lock leave; says whether it was set.
    pub(crate) fn unmark(&self) -> bool {
        // SAFETY: as above. Relaxed: a mark that comes late is one that came after.
        unsafe { self.at.bucket.mark(self.at.slot) }.is_some_and(|mark| mark.load(Relaxed) && mark.swap(false, Relaxed))
    }
}

impl<K, V, P: Policy> RawTable<K, V, P> {
    /// The arena for such tables.
    pub(crate) fn arena(huge_pages: bool) -> Arena {
        Arena::new(Layout::<K, V, P>::ARENA, huge_pages)
    }

    /// `arena` is one for such tables.
    pub(crate) fn new(arena: Arc<Arena>) -> Self {
        RawTable {
            directory: NonNull::from(&EMPTY_DIRECTORY),
            homes: Homes::ONE,
            target: 1,
            buckets: 0,
            bodies: 0,
            directory_class: 0,
            len: 0,
            least: 0,
            most: Layout::<K, V, P>::SLOTS * grow::FULL / 16,
            next_step: usize::MAX,
            arena,
            entries: PhantomData,
            policy: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All slot numbers are below this.
    pub(crate) fn slots(&self) -> u32 {
        self.buckets << Layout::<K, V, P>::SLOT_BITS
    }

    /// Whether there is a slot number left for one more entry.
    pub(crate) fn has_room(&self) -> bool {
        self.slots() < NIL - (1 << Layout::<K, V, P>::SLOT_BITS)
    }

    /// The bucket of a number below `buckets`, or the empty one.
    #[inline]
    fn bucket(&self, number: u32) -> Bucket<K, V, P> {
        // SAFETY: the directory has an address for every chunk, and the bucket lies in it.
        unsafe { bucket_in(self.directory.as_ptr(), self.bodies, number) }
    }

    #[inline]
    fn search<Q>(&self, hash: u64, key: &Q) -> Option<At<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let tag = tag(hash);
        let mut number = self.homes.of(hash);
        loop {
            let bucket = self.bucket(number);
            bucket.prefetch();
            // SAFETY: the bucket is one of this table's.
            let header = unsafe { bucket.header() };
            for slot in header.with_tag(tag).within::<K, V, P>() {
                // SAFETY: there is an entry in this slot, and nobody writes.
                let (entry, kept) = unsafe { (&*bucket.pair(slot), bucket.kept_hash(slot).map(|kept| kept.read())) };
                #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is kept")]
                let may_be = kept.is_none_or(|kept| kept == hash as u32);
                if may_be && entry.key.borrow() == key {
                    return Some(At { bucket, number, slot });
                }
            }
            number += 1;
            // Past the last bucket only where a count has reached its limit.
            if header.displaced() == 0 || number >= self.buckets {
                return None;
            }
        }
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<Found<'_, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.search(hash, key).map(|at| Found { at, table: PhantomData })
    }

    #[inline]
    fn at(&self, slot: u32) -> Option<At<K, V, P>> {
        let number = slot >> Layout::<K, V, P>::SLOT_BITS;
        let slot = (slot & ((1 << Layout::<K, V, P>::SLOT_BITS) - 1)) as usize;
        if number >= self.buckets || slot >= Layout::<K, V, P>::SLOTS {
            return None;
        }
        let bucket = self.bucket(number);
        // SAFETY: the bucket is one of this table's.
        unsafe { bucket.is_occupied(slot) }.then_some(At { bucket, number, slot })
    }

    /// The entry of a slot, if there is one.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<Found<'_, K, V, P>> {
        self.at(slot).map(|at| Found { at, table: PhantomData })
    }

    /// Lends the value of a key for changing, if its stamp passes. Otherwise gives back what was to be done.
    #[inline]
    pub(crate) fn find_change<Q, F, R>(
        &mut self,
        hash: u64,
        key: &Q,
        passes: impl FnOnce(&StampOf<P>) -> bool,
        change: F,
    ) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        match self.search(hash, key) {
            // SAFETY: there is an entry, and `&mut self` keeps all others out.
            Some(at) if passes(unsafe { at.bucket.stamp(at.slot) }) => {
                // SAFETY: there is an entry, and `&mut self` keeps all others out.
                Ok(unsafe { at.change(|_, value| change(value)) })
            }
            _ => Err(change),
        }
    }

    /// Lends the value of a slot for changing.
    ///
    /// Where readers race, the closure changes a copy, which then replaces the value, also when the closure panics.
    #[inline]
    pub(crate) fn change<R>(&mut self, slot: u32, change: impl FnOnce(&K, &mut V) -> R) -> Option<R> {
        let at = self.at(slot)?;
        // SAFETY: there is an entry, and `&mut self` keeps all others out.
        Some(unsafe { at.change(change) })
    }

    /// Puts in an entry whose key is not there, and answers its slot. Its stamp is still to be set.
    ///
    /// # Errors
    ///
    /// Without memory for it the table is as before, and the entry comes back.
    pub(crate) fn insert(&mut self, hash: u64, key: K, value: V) -> Result<u32, (K, V, NoMemory)> {
        let home = self.homes.of(hash);
        // It would have grown by now if there were memory; to fill the last slots takes ever longer.
        let slots = self.homes.count() as usize * Layout::<K, V, P>::SLOTS;
        if self.len >= slots - slots / 16 {
            return Err((key, value, NoMemory));
        }
        match self.vacancy(home) {
            Ok((number, slot)) => {
                // SAFETY: the slot is vacant and in memory of this table; `&mut self` keeps other writers out.
                unsafe {
                    let bucket = self.bucket(number);
                    bucket.put(slot, Pair { key, value });
                    if let Some(mark) = bucket.mark(slot) {
                        mark.store(false, Relaxed);
                    }
                    if let Some(kept) = bucket.kept_hash(slot) {
                        #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is kept")]
                        kept.write(hash as u32);
                    }
                    bucket.set_tag(slot, tag(hash));
                }
                self.displace(home, number);
                self.len += 1;
                self.aim_higher();
                Ok(Found::<K, V, P> { at: At { bucket: self.bucket(number), number, slot }, table: PhantomData }.slot())
            }
            Err(NoMemory) => Err((key, value, NoMemory)),
        }
    }

    /// Marks an entry as used, as readers without a lock do; says whether this table has such marks.
    #[inline]
    pub(crate) fn mark(&self, slot: u32) -> bool {
        // SAFETY: there is an entry. Only when unset: a line that is hot stays shared.
        if Layout::<K, V, P>::HAS_MARKS
            && let Some(at) = self.at(slot)
            && let Some(mark) = unsafe { at.bucket.mark(at.slot) }
            && !mark.load(Relaxed)
        {
            mark.store(true, Relaxed);
        }
        Layout::<K, V, P>::HAS_MARKS
    }

    /// The lower half of the hash of a slot's entry.
    pub(crate) fn hash_of(&self, slot: u32, rehash: impl Fn(&K) -> u64) -> Option<u64> {
        let At { bucket, slot, .. } = self.at(slot)?;
        // SAFETY: there is an entry, and nobody writes.
        Some(unsafe { bucket.hash_of(slot, rehash) })
    }

    /// Takes out the entry of a slot, with this hash (of which only the lower half counts).
    pub(crate) fn remove(&mut self, slot: u32, hash: u64) -> Option<(K, V)> {
        let At { bucket, number, slot } = self.at(slot)?;
        // SAFETY: there is an entry, which the tag then says is gone.
        let Pair { key, value } = unsafe {
            let pair = bucket.take(slot);
            bucket.set_tag(slot, 0);
            pair
        };
        self.undisplace(self.homes.of(hash), number);
        self.len -= 1;
        self.aim_lower();
        Some((key, value))
    }

    /// The first vacant slot from a home on.
    fn vacancy(&mut self, home: u32) -> Result<(u32, usize), NoMemory> {
        let mut number = home;
        loop {
            if number >= self.buckets {
                self.extend()?;
                continue;
            }
            // SAFETY: the bucket is one of this table's.
            if let Some(slot) = unsafe { self.bucket(number).vacant() }.next() {
                return Ok((number, slot));
            }
            number += 1;
        }
    }

    /// Counts an entry of this home that lies in this bucket.
    #[inline]
    fn displace(&mut self, home: u32, number: u32) {
        for passed in home..number {
            // SAFETY: the bucket is one of this table's, and `&mut self` keeps other writers out.
            unsafe { self.bucket(passed).add_displaced() }
        }
    }

    /// Takes back what [`displace`](RawTable::displace) counted.
    #[inline]
    fn undisplace(&mut self, home: u32, number: u32) {
        for passed in home..number {
            // SAFETY: the bucket is one of this table's, and `&mut self` keeps other writers out.
            unsafe { self.bucket(passed).remove_displaced() }
        }
    }
}

/// # Safety
///
/// The directory must have an address for the chunk of this bucket.
#[inline]
unsafe fn bucket_in<K, V, P: Policy>(directory: *const AtomicPtr<u8>, bodies: u32, number: u32) -> Bucket<K, V, P> {
    let classes = Layout::<K, V, P>::CLASSES;
    // SAFETY: the caller's promise. An address in a directory is never null where it is looked at.
    unsafe {
        let chunk = (*directory.add((number >> classes) as usize)).load(Relaxed);
        let index = (number & ((1 << classes) - 1)) as usize;
        Bucket::new(NonNull::new_unchecked(chunk), bodies as usize, index)
    }
}

impl Slots {
    /// Those that a bucket of this layout has: the count in the header looks like one more tag.
    #[inline]
    fn within<K, V, P: Policy>(self) -> Slots {
        Slots(self.0 & Layout::<K, V, P>::ALL)
    }
}

/// A copy of an entry that replaces it when it is dropped.
struct PutBack<K, V, P: Policy> {
    bucket: Bucket<K, V, P>,
    slot: usize,
    pair: ManuallyDrop<Pair<K, V>>,
}

impl<K, V, P: Policy> Drop for PutBack<K, V, P> {
    fn drop(&mut self) {
        // SAFETY: it came from this slot, and nothing else is done to the slot as long as it is out.
        unsafe { self.bucket.put(self.slot, ManuallyDrop::take(&mut self.pair)) }
    }
}
