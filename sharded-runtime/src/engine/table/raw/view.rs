//! What readers without a lock know of a table.
//!
//! A view lies in the same cell as the table, before it. It has the number that tells of writers, so a reader cannot look at one table with the
//! number of another. What it shows is set by [`Published::set`] alone.

use super::{
    RawTable,
    geometry::{Geometry, Published},
    homes::Homes,
};
use crate::{
    Policy,
    evict::Eviction,
    lock::{Attempt, Odd, Raced, Sequence, Stable},
};
use std::{
    marker::PhantomData,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed},
};

/// What readers without a lock know of a `T`, which is a table, in the same cell. It begins as that of a table without memory.
///
/// Relaxed throughout: the number orders what is read with what is written.
#[derive(Debug)]
#[repr(C)] // The number first, then what every search asks.
pub struct View<T> {
    sequence: Sequence,
    directory: AtomicPtr<AtomicPtr<u8>>,
    count: AtomicU32,
    mask: AtomicU32,
    step: AtomicU32,
    base: AtomicU32,
    buckets: AtomicU32,
    table: PhantomData<fn() -> T>,
}

impl<T> View<T> {
    pub(crate) fn new() -> Self {
        let Geometry { directory, homes, buckets, .. } = Geometry::EMPTY;
        View {
            sequence: Sequence::new(),
            directory: AtomicPtr::new(directory.as_ptr()),
            count: AtomicU32::new(homes.count),
            mask: AtomicU32::new(homes.mask),
            step: AtomicU32::new(homes.step),
            base: AtomicU32::new(homes.base),
            buckets: AtomicU32::new(buckets),
            table: PhantomData,
        }
    }

    /// Says that a writer is inside, until the result is dropped.
    ///
    /// # Safety
    ///
    /// There must be no other writer. The table of this view must be changed only while such a result exists, or where no reader can look.
    #[inline]
    pub(crate) unsafe fn write(&self) -> Odd<'_> {
        self.sequence.write()
    }

    /// The number that tells of writers.
    #[inline]
    pub(super) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// Shows another geometry. The number must be odd, or no reader may look.
    #[inline]
    pub(super) fn show(&self, geometry: &Geometry) {
        let Geometry { directory, homes, buckets, .. } = *geometry;
        self.directory.store(directory.as_ptr(), Relaxed);
        self.show_homes(homes);
        self.buckets.store(buckets, Relaxed);
    }

    /// As [`show`](View::show), of the homes alone.
    #[inline]
    pub(super) fn show_homes(&self, homes: Homes) {
        self.count.store(homes.count, Relaxed);
        self.mask.store(homes.mask, Relaxed);
        self.step.store(homes.step, Relaxed);
        self.base.store(homes.base, Relaxed);
    }

    /// Whether this is what it shows, for whoever may change it.
    pub(super) fn shows(&self, geometry: &Geometry) -> bool {
        let Geometry { directory, homes, buckets, .. } = *geometry;
        let shown = Homes {
            count: self.count.load(Relaxed),
            mask: self.mask.load(Relaxed),
            step: self.step.load(Relaxed),
            base: self.base.load(Relaxed),
        };
        self.directory.load(Relaxed) == directory.as_ptr() && shown == homes && self.buckets.load(Relaxed) == buckets
    }

    /// Buckets that have memory, at the moment of a [home](View::home) that the same attempt answered.
    #[inline]
    pub(super) fn buckets(&self, attempt: Attempt<'_>) -> Result<u32, Raced> {
        attempt.check(self.buckets.load(Relaxed)).map(Stable::into_inner)
    }

    /// Where the buckets are, and which is the home of a hash.
    #[inline]
    pub(super) fn home<P: Policy>(
        &self,
        attempt: Attempt<'_>,
        hash: u64,
    ) -> Result<(*const AtomicPtr<u8>, u32), Raced> {
        let homes = Homes {
            count: self.count.load(Relaxed),
            mask: self.mask.load(Relaxed),
            step: self.step.load(Relaxed),
            base: if P::Eviction::BOUNDED { self.base.load(Relaxed) } else { 1 },
        };
        let directory = self.directory.load(Relaxed);
        // What was read must be of one moment before it is followed: a directory has just as many addresses as it says.
        attempt.check((directory.cast_const(), homes.of(hash))).map(Stable::into_inner)
    }

    /// Whether this view and a table with this geometry lie in one cell: the view first, then the table, with no room for another cell between them.
    #[inline]
    pub(super) fn is_of<K, V, P: Policy>(&self, geometry: *const Published) -> bool {
        let distance = geometry.addr().wrapping_sub(std::ptr::from_ref(self).addr());
        (size_of::<Self>()..size_of::<Self>() + size_of::<RawTable<K, V, P>>()).contains(&distance)
    }
}
