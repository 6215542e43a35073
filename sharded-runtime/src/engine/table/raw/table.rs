//! A table: its buckets with the types of keys and values, and data of the layer above.

use super::{
    address::Address,
    bucket::Bucket,
    buckets::Buckets,
    entry::{Found, SlotRef},
    homes::Homes,
    layout::{Layout, Pair},
    retired::Retired,
    shape::Shape,
    sizes::Sizes,
    slot::{BucketNo, Slot},
};
use crate::{
    Policy,
    evict::Eviction,
    hasher::{KeyHash, LowHash},
    lock::{Clones, View, ViewState},
    memory::{
        arena::{Arena, Heap, MemoryNode},
        reclaim::{self, Grace},
    },
};
use std::{
    marker::PhantomData,
    mem::{self, ManuallyDrop},
    ops::{Deref, Range},
    sync::Arc,
};

/// Entries in buckets, and an `I`: the data of the layer above about the slots.
#[repr(C)] // The buckets come first, so that the fields which each access reads lie beside the lock.
pub struct RawTable<K, V, P: Policy, I> {
    pub(super) buckets: Buckets,
    pub(in crate::engine::table) info: I,
    /// Only where entries are shared: those that have left. (Dropped by `drop`, so that other tables have no code for
    /// it.)
    pub(super) retired: ManuallyDrop<Option<Box<Retired<K, V>>>>,
    entries: PhantomData<(Pair<K, V>, P)>,
}

// SAFETY: it owns its entries; the stamps are atomics.
unsafe impl<K: Send, V: Send, P: Policy, I: Send> Send for RawTable<K, V, P, I> {}
// SAFETY: what is shared is `&K` and `&V`.
unsafe impl<K: Sync, V: Sync, P: Policy, I: Sync> Sync for RawTable<K, V, P, I> {}

/// The view of a table for readers without a lock, if there are any.
pub(crate) type ViewOf<'a, K, V, P, I> = Option<&'a View<RawTable<K, V, P, I>>>;

impl<K, V, P: Policy, I> Deref for RawTable<K, V, P, I> {
    type Target = Buckets;

    #[inline]
    fn deref(&self) -> &Buckets {
        &self.buckets
    }
}

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// How the buckets of such tables lie in memory.
    pub(crate) const SHAPE: &'static Shape = Layout::<K, V, P>::SHAPE;

    /// The arena for such tables.
    pub(crate) fn arena(node: MemoryNode) -> Arena {
        Arena::new(Layout::<K, V, P>::ARENA, node)
    }

    /// `arena` is one for such tables. `capacity` is the number of entries of the table when its map is full, if known.
    /// With `in_advance`, the first [step](RawTable::resize) takes the memory for all of them.
    pub(in crate::engine::table) fn with_info(
        arena: Arc<Arena>,
        capacity: Option<usize>,
        in_advance: bool,
        info: I,
        clones: Option<Clones<K, V>>,
    ) -> Self {
        const { Layout::<K, V, P>::check_alignment() }
        let sizes = Sizes::for_entries::<K, V, P>(capacity, in_advance);
        let buckets = Buckets::new(arena, sizes, Layout::<K, V, P>::SHAPE);
        let retired = if Layout::<K, V, P>::IS_SHARED {
            ManuallyDrop::new(Some(Box::new(Retired::new(clones.expect("shared entries can be cloned")))))
        } else {
            ManuallyDrop::new(None)
        };
        RawTable { buckets, info, retired, entries: PhantomData }
    }

    /// Moves all entries to the result, with their memory and the data about them. The result lies in no cell, so no
    /// further reader without a lock finds it. This table is then empty, in the same arena, with a new `info`.
    pub(in crate::engine::table) fn take_with_info(&mut self, info: I, view: ViewOf<'_, K, V, P, I>) -> Self {
        let retired = match &*self.retired {
            Some(retired) if Layout::<K, V, P>::IS_SHARED => ManuallyDrop::new(Some(Box::new(retired.of_taken()))),
            _ => ManuallyDrop::new(None),
        };
        let buckets = self.buckets.take_all(self.view_state(view));
        let info = mem::replace(&mut self.info, info);
        RawTable { buckets, info, retired, entries: PhantomData }
    }

    /// Waits until no reader holds the entries of a table that was taken out of its cell. Returns `false` at once where
    /// that would never be: if this thread is a reader itself, or the system has withdrawn its barrier.
    pub(super) fn wait_for_readers(&mut self) -> bool {
        if Layout::<K, V, P>::IS_SHARED
            && let Some(retired) = &mut *self.retired
            && retired.is_taken
            && self.buckets.len() > 0
        {
            if reclaim::is_reading() {
                return false;
            }
            let Some(mut grace) = Grace::begin() else { return false };
            grace.wait();
            retired.is_taken = false;
        }
        true
    }

    /// The state of the view of this table, if readers race.
    ///
    /// # Panics
    ///
    /// If readers race and there is no view, or it is that of another table.
    #[inline]
    pub(super) fn view_state<'v>(&self, view: ViewOf<'v, K, V, P, I>) -> Option<&'v ViewState> {
        if !Layout::<K, V, P>::IS_RACY {
            return None;
        }
        Some(view.expect("readers that race have a view").state_of(self))
    }

    /// The data about the slots, and the allocator for it.
    #[inline]
    pub(in crate::engine::table) fn info_and_heap(&mut self) -> (&mut I, &Heap) {
        (&mut self.info, self.buckets.heap())
    }

    /// Makes the next steps shrink the table as far as possible.
    pub(crate) fn aim_to_fit(&mut self) {
        self.buckets.aim_to_fit();
    }

    /// Moves an entry to a vacant slot, with its stamp, hash and mark, but without its tag.
    ///
    /// # Safety
    ///
    /// Both must be slots of such a table. There must be an entry in the first one, none in the other, and no other
    /// writer. The caller must then set the tags so that only the other slot is occupied.
    pub(super) unsafe fn transfer(from: Address, slot: usize, to: Address, vacant: usize) {
        // SAFETY: the caller's promise.
        unsafe { Bucket::<K, V, P>::at(from).transfer(slot, Bucket::at(to), vacant) }
    }

    /// The number of buckets that entries are routed to.
    pub(crate) fn home_count(&self) -> u32 {
        self.buckets.geometry.homes.count()
    }

    /// The homes. For an unbounded table, the base is the constant one.
    #[inline]
    pub(super) fn homes(&self) -> Homes {
        let homes = self.buckets.geometry.homes;
        Homes { base: if P::Eviction::BOUNDED { homes.base } else { 1 }, ..homes }
    }

    /// The home of a hash.
    #[inline]
    pub(super) fn home_of(&self, hash: LowHash) -> BucketNo {
        self.homes().of(hash)
    }

    /// The bucket of a number, or the empty one.
    ///
    /// # Safety
    ///
    /// The number must be below that of the buckets, or be the home of a hash.
    #[inline]
    pub(super) unsafe fn bucket(&self, number: BucketNo) -> Bucket<K, V, P> {
        // SAFETY: the directory has an address for every chunk, and for the one home of a table without memory.
        unsafe { Bucket::of_directory(self.buckets.geometry.directory.as_ptr(), number) }
    }

    /// Prefetches the header and the entry of a slot, which may be vacant.
    pub(in crate::engine::table) fn prefetch(&self, slot: Slot) {
        let (number, slot) = Layout::<K, V, P>::bucket_and_index(slot);
        if number.is_below(self.buckets.geometry.buckets) {
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(number) };
            bucket.prefetch_header();
            bucket.prefetch_entry(slot);
        }
    }

    #[inline]
    pub(super) fn at(&self, slot: Slot) -> Option<SlotRef<K, V, P>> {
        let (number, index) = Layout::<K, V, P>::bucket_and_index(slot);
        if !number.is_below(self.buckets.geometry.buckets) || index >= Layout::<K, V, P>::SLOTS {
            return None;
        }
        // SAFETY: the number is below that of the buckets.
        let bucket = unsafe { self.bucket(number) };
        // SAFETY: the bucket is one of this table's.
        if unsafe { bucket.is_occupied(index) } { Some(SlotRef { bucket, number, slot: index }) } else { None }
    }

    /// The entry of a slot, if there is one.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<Found<'_, K, V, P>> {
        let at = self.at(slot)?;
        // SAFETY: there is an entry, and the table is lent, so nobody writes.
        Some(unsafe { Found::new(at) })
    }

    /// Calls the closure with the entry of a slot.
    ///
    /// Where readers race, the closure changes a copy, which then replaces the value, also when the closure panics.
    #[inline]
    pub(crate) fn change<R>(&mut self, slot: Slot, change: impl FnOnce(&K, &mut V) -> R) -> Option<R> {
        let at = self.at(slot)?;
        // SAFETY: there is an entry, and `&mut self` keeps all others out.
        Some(unsafe { at.change(&mut self.retired, change) })
    }

    /// As [`change`](RawTable::change). Where entries are shared, readers may look while the closure runs.
    #[inline]
    pub(crate) fn change_apart<R>(
        &mut self,
        slot: Slot,
        view: ViewOf<'_, K, V, P, I>,
        change: impl FnOnce(&K, &mut V) -> R,
    ) -> Option<R> {
        if !Layout::<K, V, P>::IS_SHARED {
            return self.change(slot, change);
        }
        let (at, view) = (self.at(slot)?, self.view_state(view));
        // SAFETY: there is an entry, and `&mut self` keeps all others out.
        Some(unsafe { at.change_shared(&mut self.retired, view, change) })
    }

    /// Runs a closure of the user. Where entries are shared, readers may look meanwhile.
    #[inline]
    pub(crate) fn run_apart<R>(&mut self, view: ViewOf<'_, K, V, P, I>, run: impl FnOnce() -> R) -> R {
        match self.view_state(view) {
            // SAFETY: `&mut self` keeps the closure from changing the table.
            Some(view) if Layout::<K, V, P>::IS_SHARED => unsafe { view.pause(run) },
            _ => run(),
        }
    }

    /// Marks an entry as used, as readers without a lock do. Returns whether this table has marks.
    #[inline]
    pub(in crate::engine::table) fn mark(&self, slot: Slot) -> bool {
        if Layout::<K, V, P>::HAS_MARKS
            && let Some(at) = self.at(slot)
            // SAFETY: the bucket is one of this table's.
            && let Some(marks) = unsafe { at.bucket.marks() }
        {
            marks.set(at.slot);
        }
        Layout::<K, V, P>::HAS_MARKS
    }

    /// Clears the [marks](RawTable::mark) of the entries in the first bucket of these slots, and advances `slots` to
    /// the next one. Returns the slots that were marked, or `None` at the end.
    #[inline]
    pub(in crate::engine::table) fn unmark(
        &self,
        slots: &mut Range<u32>,
    ) -> Option<impl Iterator<Item = u32> + use<K, V, P, I>> {
        let (number, _) = Layout::<K, V, P>::bucket_and_index(Slot::from_number(slots.start));
        if slots.start >= slots.end || !number.is_below(self.buckets.geometry.buckets) {
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
            let number_of = |slot| Layout::<K, V, P>::slot_at(number, slot).number();
            marked.retain(|slot| slots.contains(&number_of(slot)) && marks.clear(slot));
        }
        slots.start = Layout::<K, V, P>::slot_at(number.next(), 0).number();
        Some(marked.map(move |slot| Layout::<K, V, P>::slot_at(number, slot).number()))
    }

    /// The lower half of the hash of a slot's entry.
    pub(crate) fn hash_of(&self, slot: Slot, rehash: impl Fn(&K) -> KeyHash + Copy) -> Option<LowHash> {
        let SlotRef { bucket, slot, .. } = self.at(slot)?;
        // SAFETY: there is an entry, and nobody writes.
        Some(unsafe { bucket.hash_of(slot, rehash) })
    }
}
