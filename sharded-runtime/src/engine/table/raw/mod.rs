//! The storage of a table: entries in buckets, which are found by linear hashing and grow in number one at a time.
//!
//! | file | what is in it |
//! |---|---|
//! | `layout.rs` | how a bucket lies in memory |
//! | `bucket.rs` | one bucket |
//! | `words.rs` | copying what may be written meanwhile |
//! | `marks.rs` | which entries were used by readers without a lock |
//! | `homes.rs` | which bucket a hash belongs to |
//! | `sizes.rs` | how many buckets there should be |
//! | `offer.rs` | what a call brings to be put in |
//! | `put.rs` | putting in and taking out |
//! | `removed.rs` | what was taken out |
//! | `displaced.rs` | how many entries lie behind their home |
//! | `gaps.rs` | filling the gaps that removed entries leave |
//! | `grow.rs` | one bucket more, or one less |
//! | `memory.rs` | where the buckets' memory comes from |
//! | `geometry.rs` | where the buckets are |
//! | `walk.rs` | all entries, some at a time, each once |
//! | `view.rs` | what readers without a lock know |
//! | `racy.rs` | reading without a lock |
//!
//! `README.md` one folder up says why it is made like this, and what was measured.
//!
//! # What always holds
//!
//! - The buckets `0..buckets` have memory. Those in `0..homes` are *homes*: every hash belongs to one of them.
//! - An entry lies in its home or in a later bucket; then each bucket from its home on up to where it lies counts it as
//!   displaced, so that a search goes on exactly as long as it must.
//! - A slot has an entry if its tag is not zero. A slot's number is the bucket's, shifted, and its place in it.

// A method that is `unsafe` says what of the bucket it is called on, see `bucket.rs`; here this holds: a `RawTable` has its
// buckets to itself, but for readers that race, and `&mut` (or the lock that gave `&`) keeps writers apart.

mod bucket;
mod displaced;
mod gaps;
mod geometry;
mod grow;
mod homes;
mod layout;
mod marks;
mod memory;
mod offer;
mod put;
mod racy;
mod removed;
mod sizes;
mod view;
mod walk;
mod words;

pub(crate) use grow::Moves;
pub(crate) use layout::StampOf;
pub(crate) use offer::{Offer, Stored};
pub(crate) use put::Put;
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use racy::Copies;
pub(crate) use racy::{Copied, Look, Peek, Place, Use, UseFetched};
pub(crate) use removed::{Handed, Removed};
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use view::View;
pub(crate) use walk::{Cursor, Entries};

use crate::{
    Policy,
    engine::list::NIL,
    engine::table::Table,
    evict::Eviction,
    memory::arena::{Arena, Home},
};
use bucket::{Bucket, Header, Slots};
use displaced::Uncounted;
use geometry::Published;
use homes::Homes;
use layout::{HEADER, Layout, Pair};
use sizes::Sizes;
use std::{
    borrow::Borrow,
    marker::PhantomData,
    mem::{self, MaybeUninit},
    ops::Range,
    ptr::{self, NonNull},
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed},
    },
};
use words::Words;

/// The most buckets that can be numbered.
const MAX_BUCKETS: u32 = 1 << 28;

/// The storage of a table, see the [module](self).
#[repr(C)] // What every access looks at comes first, beside the lock; its view counts on that.
pub(crate) struct RawTable<K, V, P: Policy> {
    geometry: Published,
    len: usize,
    /// From how many entries on one more home is to be split or merged.
    next_step: usize,
    /// With fewer entries than this it should shrink...
    least: usize,
    /// ...and with more it should grow, once it has the homes that it should have.
    most: usize,
    /// The number of homes that it is growing or shrinking to.
    target: u32,
    uncounted: Uncounted,
    /// How many entries there were when there was no memory for a split.
    starved_at: Option<usize>,
    arena: Arc<Arena>,
    entries: PhantomData<Pair<K, V>>,
    sizes: Sizes,
    /// A bucket that has a vacant slot for an entry which lies behind it, as far as is known.
    gap: Option<u32>,
    policy: PhantomData<P>,
}

// SAFETY: it owns its entries; the stamps are atomics.
unsafe impl<K: Send, V: Send, P: Policy> Send for RawTable<K, V, P> {}
// SAFETY: what is shared is `&K` and `&V`.
unsafe impl<K: Sync, V: Sync, P: Policy> Sync for RawTable<K, V, P> {}

/// The view of a table, if there are readers without a lock.
pub(crate) type Shown<'a, K, V, P> = Option<&'a View<Table<K, V, P>>>;

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
            let mut copy = PutBack { bucket, slot, words: Words(MaybeUninit::uninit()) };
            // SAFETY: there is an entry; the copy goes back and is forgotten here, so it exists once.
            let Pair { key, value } = unsafe {
                ptr::copy_nonoverlapping(bucket.pair(slot), copy.words.0.as_mut_ptr(), 1);
                copy.words.0.assume_init_mut()
            };
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

/// The directory of such a table.
static EMPTY_DIRECTORY: AtomicPtr<u8> =
    AtomicPtr::new((&raw const EMPTY.0).cast_mut().cast::<u8>().wrapping_add(HEADER));

/// An entry, lent.
pub(crate) struct Found<'a, K, V, P: Policy> {
    at: At<K, V, P>,
    table: PhantomData<&'a RawTable<K, V, P>>,
}

impl<'a, K, V, P: Policy> Found<'a, K, V, P> {
    #[inline]
    pub(crate) fn slot(&self) -> u32 {
        slot_number::<K, V, P>(self.at.number, self.at.slot)
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
        // SAFETY: as above.
        unsafe { self.at.bucket.marks() }.is_some_and(|marks| marks.clear(self.at.slot))
    }
}

impl<K, V, P: Policy> RawTable<K, V, P> {
    /// The arena for such tables.
    pub(crate) fn arena(home: Home) -> Arena {
        Arena::new(Layout::<K, V, P>::ARENA, home)
    }

    /// `arena` is one for such tables. `capacity` is how many entries the table has room for when its map is full, as far as that is known.
    pub(crate) fn new(arena: Arc<Arena>, capacity: Option<usize>) -> Self {
        Self::with_sizes(arena, Sizes::for_entries::<K, V, P>(capacity))
    }

    /// Takes all entries out, with their memory. The result lies in no cell, so it has no readers without a lock; this table goes on without memory,
    /// in the same arena.
    pub(crate) fn take_all(&mut self, view: Shown<'_, K, V, P>) -> Self {
        let geometry = self.geometry.take(view);
        let fresh = Self::with_sizes(Arc::clone(&self.arena), self.sizes);
        let mut taken = mem::replace(self, fresh);
        taken.geometry = geometry;
        taken
    }

    fn with_sizes(arena: Arc<Arena>, sizes: Sizes) -> Self {
        const { Layout::<K, V, P>::check_alignment() }
        RawTable {
            geometry: Published::EMPTY,
            target: 1,
            len: 0,
            // Until it has memory.
            next_step: usize::MAX,
            least: 0,
            most: usize::MAX,
            uncounted: Uncounted::default(),
            starved_at: None,
            arena,
            entries: PhantomData,
            sizes,
            gap: None,
            policy: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All slot numbers are below this.
    pub(crate) fn slots(&self) -> u32 {
        self.geometry.buckets << Layout::<K, V, P>::SLOT_BITS
    }

    /// Whether there is a slot number left for one more entry.
    pub(crate) fn has_room(&self) -> bool {
        self.slots() < NIL - (1 << Layout::<K, V, P>::SLOT_BITS)
    }

    /// The homes; where their base is always one, that is known when the code is generated.
    #[inline]
    fn homes(&self) -> Homes {
        let homes = self.geometry.homes;
        Homes { base: if P::Eviction::BOUNDED { homes.base } else { 1 }, ..homes }
    }

    /// The home of a hash.
    #[inline]
    fn home_of(&self, hash: u64) -> u32 {
        self.homes().of(hash)
    }

    /// The bucket of a number, or the empty one.
    ///
    /// # Safety
    ///
    /// The number must be below that of the buckets, or be the home of a hash.
    #[inline]
    unsafe fn bucket(&self, number: u32) -> Bucket<K, V, P> {
        // SAFETY: the directory has an address for every chunk, and for the one home of a table without memory.
        unsafe { bucket_in(self.geometry.directory.as_ptr(), number) }
    }

    /// Has the processor fetch the entry of a slot, which may be vacant, and what lies before it.
    pub(crate) fn prefetch(&self, slot: u32) {
        let (number, slot) = place_of::<K, V, P>(slot);
        if number < self.geometry.buckets {
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(number) };
            bucket.prefetch_header();
            bucket.prefetch_entry(slot);
        }
    }

    #[inline]
    fn search<Q>(&self, hash: u64, key: &Q) -> Option<At<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let number = self.home_of(hash);
        // SAFETY: it is the home of a hash.
        let home = unsafe { self.bucket(number) };
        home.prefetch();
        // SAFETY: the bucket is one of this table's.
        self.search_from(number, home, unsafe { home.header() }, hash, key)
    }

    /// As [`search`](RawTable::search), where the home is known (and has been fetched), and its header.
    #[inline]
    fn search_from<Q>(
        &self,
        number: u32,
        home: Bucket<K, V, P>,
        header: Header,
        hash: u64,
        key: &Q,
    ) -> Option<At<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let slots = header.with_tag_of(hash).within::<K, V, P>();
        // SAFETY: there is an entry in this slot, and nobody writes.
        if let Some(slot) = slots.first()
            && unsafe { Self::is_of(home, slot, hash, key) }
        {
            return Some(At { bucket: home, number, slot });
        }
        // SAFETY: the bucket is one of this table's.
        if !slots.are_many() && unsafe { home.displaced() } == 0 {
            return None;
        }
        let mut found = None;
        self.search_all(hash, key, &mut found);
        found
    }

    /// Searches wherever a key may be. (What it finds goes to a place of its own, so that what is found at home can stay in registers.)
    #[cold]
    #[inline(never)]
    fn search_all<Q>(&self, hash: u64, key: &Q, found: &mut Option<At<K, V, P>>)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut number = self.home_of(hash);
        // Past the last bucket only where a key has changed its hash.
        while number < self.geometry.buckets {
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(number) };
            bucket.prefetch();
            // SAFETY: the bucket is one of this table's.
            let header = unsafe { bucket.header() };
            for slot in header.with_tag_of(hash).within::<K, V, P>() {
                // SAFETY: there is an entry in this slot, and nobody writes.
                if unsafe { Self::is_of(bucket, slot, hash, key) } {
                    *found = Some(At { bucket, number, slot });
                    return;
                }
            }
            if header.displaced() == 0 {
                break;
            }
            number += 1;
        }
    }

    /// Whether the entry of a slot is that of a key.
    ///
    /// # Safety
    ///
    /// There must be one, which nobody writes.
    #[inline]
    unsafe fn is_of<Q>(bucket: Bucket<K, V, P>, slot: usize, hash: u64, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // SAFETY: the caller's promise.
        let (entry, kept) = unsafe { (&*bucket.pair(slot), bucket.kept_hash(slot).map(|kept| kept.read())) };
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is kept")]
        let may_be = kept.is_none_or(|kept| kept == hash as u32);
        may_be && entry.key.borrow() == key
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<Found<'_, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        Some(Found { at: self.search(hash, key)?, table: PhantomData })
    }

    #[inline]
    fn at(&self, slot: u32) -> Option<At<K, V, P>> {
        let (number, place) = place_of::<K, V, P>(slot);
        if number >= self.geometry.buckets || place >= Layout::<K, V, P>::SLOTS {
            return None;
        }
        // SAFETY: the number is below that of the buckets.
        let bucket = unsafe { self.bucket(number) };
        // SAFETY: the bucket is one of this table's.
        if unsafe { bucket.is_occupied(place) } { Some(At { bucket, number, slot: place }) } else { None }
    }

    /// The entry of a slot, if there is one.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<Found<'_, K, V, P>> {
        Some(Found { at: self.at(slot)?, table: PhantomData })
    }

    /// Lends the value of a key for changing, if it has one; otherwise gives back what was to be done.
    #[inline]
    pub(crate) fn find_change<Q, F, R>(&mut self, hash: u64, key: &Q, change: F) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        match self.search(hash, key) {
            // SAFETY: there is an entry, and `&mut self` keeps all others out.
            Some(at) => Ok(unsafe { at.change(|_, value| change(value)) }),
            None => Err(change),
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

    /// Marks an entry as used, as readers without a lock do; says whether this table has such marks.
    #[inline]
    pub(crate) fn mark(&self, slot: u32) -> bool {
        if Layout::<K, V, P>::HAS_MARKS
            && let Some(at) = self.at(slot)
            // SAFETY: the bucket is one of this table's.
            && let Some(marks) = unsafe { at.bucket.marks() }
        {
            marks.set(at.slot);
        }
        Layout::<K, V, P>::HAS_MARKS
    }

    /// Clears the [marks](RawTable::mark) of the entries in these slots, a bucket at a time, and tells of each that was set.
    #[inline]
    pub(crate) fn unmark(&self, slots: Range<u32>, mut used: impl FnMut(u32)) {
        for number in Self::bucket_of(slots.start)..self.geometry.buckets {
            if slot_number::<K, V, P>(number, 0) >= slots.end {
                break;
            }
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(number) };
            // SAFETY: the bucket is one of this table's.
            let Some(marks) = (unsafe { bucket.marks() }) else { break };
            let marked = marks.all();
            if marked.0 == 0 {
                continue;
            }
            // SAFETY: as above.
            for slot in unsafe { Slots(marked.0 & bucket.occupied().0) } {
                let number = slot_number::<K, V, P>(number, slot);
                if slots.contains(&number) && marks.clear(slot) {
                    used(number);
                }
            }
        }
    }

    /// The lower half of the hash of a slot's entry.
    pub(crate) fn hash_of(&self, slot: u32, rehash: impl Fn(&K) -> u64 + Copy) -> Option<u64> {
        let At { bucket, slot, .. } = self.at(slot)?;
        // SAFETY: there is an entry, and nobody writes.
        Some(unsafe { bucket.hash_of(slot, rehash) })
    }
}

/// The number of the bucket, and the slot in it.
#[inline]
fn place_of<K, V, P: Policy>(slot: u32) -> (u32, usize) {
    let bits = Layout::<K, V, P>::SLOT_BITS;
    (slot >> bits, (slot & ((1 << bits) - 1)) as usize)
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "at most 15")]
fn slot_number<K, V, P: Policy>(number: u32, slot: usize) -> u32 {
    number << Layout::<K, V, P>::SLOT_BITS | slot as u32
}

/// # Safety
///
/// The directory must have an address for the chunk of this bucket.
#[inline]
unsafe fn bucket_in<K, V, P: Policy>(directory: *const AtomicPtr<u8>, number: u32) -> Bucket<K, V, P> {
    let classes = Layout::<K, V, P>::CLASSES;
    // SAFETY: the caller's promise. An address in a directory is never null where it is looked at.
    unsafe {
        let middle = (*directory.add((number >> classes) as usize)).load(Relaxed);
        let index = (number & ((1 << classes) - 1)) as usize;
        Bucket::new(NonNull::new_unchecked(middle), index)
    }
}

impl Slots {
    /// Those that a bucket of this layout has: the count in the header looks like one more tag.
    #[inline]
    fn within<K, V, P: Policy>(self) -> Slots {
        Slots(self.0 & Layout::<K, V, P>::ALL)
    }
}

/// A copy of an entry, which it replaces when this is dropped.
struct PutBack<K, V, P: Policy> {
    bucket: Bucket<K, V, P>,
    slot: usize,
    words: Words<Pair<K, V>>,
}

impl<K, V, P: Policy> Drop for PutBack<K, V, P> {
    fn drop(&mut self) {
        // SAFETY: it came from this slot, and nothing else is done to the slot as long as it is out. Readers that race read by `words::load` of
        // the same type.
        unsafe { words::store(self.bucket.pair(self.slot).cast(), &self.words) }
    }
}
