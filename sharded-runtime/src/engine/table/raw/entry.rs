//! An entry in its slot.

use super::{
    bucket::Bucket,
    layout::{Layout, Pair, StampOf},
    retired::{NO_LIST, Retired},
    slot::{BucketNo, Slot},
    words::{self, WordAligned},
};
use crate::{Policy, lock::ViewState};
use std::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
};

/// The slot of an entry: its bucket, the number of the bucket, and its index there.
pub(super) struct SlotRef<K, V, P> {
    pub(super) bucket: Bucket<K, V, P>,
    pub(super) number: BucketNo,
    pub(super) slot: usize,
}

impl<K, V, P: Policy> SlotRef<K, V, P> {
    /// Lends the value for changing. Where readers race, the closure changes a copy, which then replaces the entry,
    /// also on a panic. Where entries are shared, the copy is made by `Clone` first.
    ///
    /// # Safety
    ///
    /// There must be an entry, which nobody else uses but readers that race, and the other must be of its table.
    #[inline]
    pub(super) unsafe fn change<R>(
        &self,
        retired: &mut Option<Box<Retired<K, V>>>,
        change: impl FnOnce(&K, &mut V) -> R,
    ) -> R {
        // SAFETY: the caller's promise.
        unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                self.change_shared(retired, None, change)
            } else {
                self.change_in_place(change)
            }
        }
    }

    /// As [`change`](SlotRef::change), where entries are not shared.
    ///
    /// # Safety
    ///
    /// As there. Entries must not be shared.
    #[inline]
    unsafe fn change_in_place<R>(&self, change: impl FnOnce(&K, &mut V) -> R) -> R {
        let SlotRef { bucket, slot, .. } = *self;
        if Layout::<K, V, P>::IS_RACY {
            let mut copy = WordAligned(MaybeUninit::uninit());
            let copy = &raw mut copy;
            // SAFETY: there is an entry. Its copy goes back and is forgotten here, so it exists once. The copy is used
            // through this pointer alone, and `put_back` uses it when the closure is done.
            let (_put_back, Pair { key, value }) = unsafe {
                let pair = bucket.pair(slot);
                ptr::copy_nonoverlapping(pair, (*copy).0.as_mut_ptr(), 1);
                (PutBack { pair: pair.cast(), copy }, (*copy).0.assume_init_mut())
            };
            return change(key, value);
        }
        // SAFETY: the caller's promise.
        let Pair { key, value } = unsafe { &mut *bucket.pair(slot) };
        change(key, value)
    }

    /// As [`change`](SlotRef::change), of a shared entry. With the view of its table, readers may look while user code
    /// runs.
    ///
    /// # Safety
    ///
    /// As there. The table must be one of shared entries, and be written now.
    pub(super) unsafe fn change_shared<R>(
        &self,
        retired: &mut Option<Box<Retired<K, V>>>,
        view: Option<&ViewState>,
        change: impl FnOnce(&K, &mut V) -> R,
    ) -> R {
        let SlotRef { bucket, slot, .. } = *self;
        let retired = retired.as_deref_mut().expect(NO_LIST);
        // SAFETY: there is an entry.
        let entry = unsafe { bucket.shared_entry(slot) };
        let run = || {
            // SAFETY: as above, and nobody changes it. The successor takes its place below.
            let mut successor = unsafe { retired.successor(entry.as_ref()) };
            // SAFETY: nobody else has it.
            let Pair { key, value } = unsafe { &mut successor.as_mut().pair };
            (catch_unwind(AssertUnwindSafe(|| change(key, value))), successor)
        };
        let (result, successor) = match view {
            // SAFETY: the caller's promise, and `run` changes only its own copy.
            Some(view) => unsafe { view.pause(run) },
            None => run(),
        };
        // SAFETY: the caller's promise. The slot no longer has the entry then, and nobody else has the successor.
        unsafe {
            bucket.set_shared_entry(slot, successor);
            retired.add_replaced(entry);
        }
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Replaces an entry by its changed copy when this is dropped.
///
/// It points to the copy rather than containing it. Otherwise the whole struct would lie in memory, since the closure
/// gets a reference into it. That costs six instructions of an `upsert`.
struct PutBack<T> {
    pair: *mut WordAligned<T>,
    copy: *const WordAligned<T>,
}

impl<T> Drop for PutBack<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the copy came from there, and nothing else was done to the entry since. Readers that race read by
        // `words::load` of the same type.
        unsafe { words::store(self.pair, &*self.copy) }
    }
}

/// A borrowed entry.
pub(crate) struct Found<'a, K, V, P: Policy> {
    at: SlotRef<K, V, P>,
    table: PhantomData<&'a (K, V)>,
}

impl<'a, K, V, P: Policy> Found<'a, K, V, P> {
    /// # Safety
    ///
    /// There must be an entry, which nobody writes during `'a`.
    #[inline]
    pub(super) unsafe fn new(at: SlotRef<K, V, P>) -> Self {
        Found { at, table: PhantomData }
    }

    #[inline]
    pub(crate) fn slot(&self) -> Slot {
        Layout::<K, V, P>::slot_at(self.at.number, self.at.slot)
    }

    #[inline]
    pub(crate) fn key(&self) -> &'a K {
        // SAFETY: there is an entry, and nobody writes it.
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

    /// Clears the mark that readers without a lock leave. Returns whether it was set.
    pub(crate) fn unmark(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.at.bucket.marks() }.is_some_and(|marks| marks.clear(self.at.slot))
    }
}

/// An entry, lent for changing.
pub(crate) struct FoundMut<'a, K, V, P: Policy> {
    at: SlotRef<K, V, P>,
    table: PhantomData<&'a mut (K, V)>,
}

impl<K, V, P: Policy> FoundMut<'_, K, V, P> {
    /// # Safety
    ///
    /// There must be an entry, which nobody else uses during `'a` but readers that race.
    #[inline]
    pub(super) unsafe fn new(at: SlotRef<K, V, P>) -> Self {
        FoundMut { at, table: PhantomData }
    }

    #[inline]
    pub(crate) fn key(&self) -> &K {
        // SAFETY: there is an entry, and nobody writes it while `self` is borrowed.
        unsafe { &(*self.at.bucket.pair(self.at.slot)).key }
    }

    #[inline]
    pub(crate) fn value(&self) -> &V {
        // SAFETY: there is an entry, and nobody writes it while `self` is borrowed.
        unsafe { &(*self.at.bucket.pair(self.at.slot)).value }
    }

    #[inline]
    pub(crate) fn slot(&self) -> Slot {
        Layout::<K, V, P>::slot_at(self.at.number, self.at.slot)
    }

    /// Lends the value for changing, as [`RawTable::change`](super::table::RawTable::change) does.
    ///
    /// # Panics
    ///
    /// If entries are shared with readers.
    #[inline]
    pub(crate) fn change<R>(&mut self, change: impl FnOnce(&K, &mut V) -> R) -> R {
        assert!(!Layout::<K, V, P>::IS_SHARED, "a shared entry does not change");
        // SAFETY: there is an entry, which is not shared, and `&mut self` keeps all others out.
        unsafe { self.at.change_in_place(change) }
    }

    /// Exchanges the value for this one. Panics as [`change`](FoundMut::change) does.
    #[inline]
    pub(crate) fn swap(&mut self, value: &mut V) {
        self.change(|_, old| mem::swap(old, value));
    }
}
