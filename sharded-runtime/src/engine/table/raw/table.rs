//! A table: its buckets, what is known of their number, and what the layers above know of slots.

use super::{
    bucket::Bucket,
    entry::{At, Found},
    geometry::Published,
    homes::Homes,
    layout::{Layout, Pair},
    sizes::Sizes,
    uncounted::Uncounted,
};
use crate::{
    Policy,
    engine::list::NIL,
    evict::Eviction,
    lock::View,
    memory::arena::{Arena, Heap, Home},
};
use std::{marker::PhantomData, mem, ops::Range, sync::Arc};

/// Entries in buckets, and an `I` about their slots, which the layer above keeps.
#[repr(C)] // What every access looks at comes first, beside the lock; its view counts on that.
pub struct RawTable<K, V, P: Policy, I> {
    pub(super) geometry: Published,
    pub(super) len: usize,
    /// From how many entries on one more home is to be split or merged.
    pub(super) next_step: usize,
    /// With fewer entries than this it should shrink...
    pub(super) least: usize,
    /// ...and with more it should grow, once it has the homes that it should have.
    pub(super) most: usize,
    /// The number of homes that it is growing or shrinking to.
    pub(super) target: u32,
    pub(super) uncounted: Uncounted,
    /// How many entries there were when there was no memory for a split.
    pub(super) starved_at: Option<usize>,
    pub(super) arena: Arc<Arena>,
    entries: PhantomData<Pair<K, V>>,
    pub(super) sizes: Sizes,
    /// A bucket that has a vacant slot for an entry which lies behind it, as far as is known.
    pub(super) gap: Option<u32>,
    policy: PhantomData<P>,
    pub(in crate::engine::table) info: I,
}

// SAFETY: it owns its entries; the stamps are atomics.
unsafe impl<K: Send, V: Send, P: Policy, I: Send> Send for RawTable<K, V, P, I> {}
// SAFETY: what is shared is `&K` and `&V`.
unsafe impl<K: Sync, V: Sync, P: Policy, I: Sync> Sync for RawTable<K, V, P, I> {}

/// What readers without a lock follow of a table, if there are such readers.
pub(crate) type ViewOf<'a, K, V, P, I> = Option<&'a View<RawTable<K, V, P, I>>>;

/// There is no memory for one more entry.
#[derive(Debug)]
pub(crate) struct NoMemory;

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// The arena for such tables.
    pub(crate) fn arena(home: Home) -> Arena {
        Arena::new(Layout::<K, V, P>::ARENA, home)
    }

    /// `arena` is one for such tables. `capacity` is how many entries the table has room for when its map is full, if that is known.
    pub(in crate::engine::table) fn with_info(arena: Arc<Arena>, capacity: Option<usize>, info: I) -> Self {
        Self::with_sizes(arena, Sizes::for_entries::<K, V, P>(capacity), info)
    }

    /// Takes all entries out, with their memory and what is known of them. The result lies in no cell, so it has no readers without a lock. This table
    /// goes on without memory, in the same arena, with a new `info`.
    pub(in crate::engine::table) fn take_with_info(&mut self, info: I, view: ViewOf<'_, K, V, P, I>) -> Self {
        let geometry = self.geometry.take::<P, _>(view);
        let fresh = Self::with_sizes(Arc::clone(&self.arena), self.sizes, info);
        let mut taken = mem::replace(self, fresh);
        taken.geometry = geometry;
        taken
    }

    fn with_sizes(arena: Arc<Arena>, sizes: Sizes, info: I) -> Self {
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
            info,
        }
    }

    /// What is known of the slots, and memory for more of it.
    #[inline]
    pub(in crate::engine::table) fn info_and_heap(&mut self) -> (&mut I, &Heap) {
        (&mut self.info, self.arena.heap())
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
    pub(super) fn homes(&self) -> Homes {
        let homes = self.geometry.homes;
        Homes { base: if P::Eviction::BOUNDED { homes.base } else { 1 }, ..homes }
    }

    /// The home of a hash.
    #[inline]
    pub(super) fn home_of(&self, hash: u64) -> u32 {
        self.homes().of(hash)
    }

    /// The bucket of a number, or the empty one.
    ///
    /// # Safety
    ///
    /// The number must be below that of the buckets, or be the home of a hash.
    #[inline]
    pub(super) unsafe fn bucket(&self, number: u32) -> Bucket<K, V, P> {
        // SAFETY: the directory has an address for every chunk, and for the one home of a table without memory.
        unsafe { Bucket::of_directory(self.geometry.directory.as_ptr(), number) }
    }

    /// Has the processor fetch the entry of a slot, which may be vacant, and what lies before it.
    pub(in crate::engine::table) fn prefetch(&self, slot: u32) {
        let (number, slot) = Layout::<K, V, P>::place_of(slot);
        if number < self.geometry.buckets {
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(number) };
            bucket.prefetch_header();
            bucket.prefetch_entry(slot);
        }
    }

    #[inline]
    pub(super) fn at(&self, slot: u32) -> Option<At<K, V, P>> {
        let (number, place) = Layout::<K, V, P>::place_of(slot);
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
        let at = self.at(slot)?;
        // SAFETY: there is an entry, and the table is lent, so nobody writes.
        Some(unsafe { Found::new(at) })
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
    pub(in crate::engine::table) fn mark(&self, slot: u32) -> bool {
        if Layout::<K, V, P>::HAS_MARKS
            && let Some(at) = self.at(slot)
            // SAFETY: the bucket is one of this table's.
            && let Some(marks) = unsafe { at.bucket.marks() }
        {
            marks.set(at.slot);
        }
        Layout::<K, V, P>::HAS_MARKS
    }

    /// Clears the [marks](RawTable::mark) of the entries in the first bucket of these slots, and goes on to the next one. Returns the slots that were
    /// marked, or `None` at the end.
    #[inline]
    pub(in crate::engine::table) fn unmark(
        &self,
        slots: &mut Range<u32>,
    ) -> Option<impl Iterator<Item = u32> + use<K, V, P, I>> {
        let (number, _) = Layout::<K, V, P>::place_of(slots.start);
        if slots.start >= slots.end || number >= self.geometry.buckets {
            return None;
        }
        // SAFETY: the number is below that of the buckets.
        let bucket = unsafe { self.bucket(number) };
        // SAFETY: the bucket is one of this table's.
        let marks = unsafe { bucket.marks() }?;
        let mut marked = marks.all();
        if marked.0 != 0 {
            // SAFETY: as above.
            marked.0 &= unsafe { bucket.occupied() }.0;
            marked.retain(|slot| slots.contains(&Layout::<K, V, P>::slot_number(number, slot)) && marks.clear(slot));
        }
        slots.start = Layout::<K, V, P>::slot_number(number + 1, 0);
        Some(marked.map(move |slot| Layout::<K, V, P>::slot_number(number, slot)))
    }

    /// The lower half of the hash of a slot's entry.
    pub(crate) fn hash_of(&self, slot: u32, rehash: impl Fn(&K) -> u64 + Copy) -> Option<u64> {
        let At { bucket, slot, .. } = self.at(slot)?;
        // SAFETY: there is an entry, and nobody writes.
        Some(unsafe { bucket.hash_of(slot, rehash) })
    }
}
