//! An entry of a table, where it lies.

use super::{
    bucket::Bucket,
    layout::{Layout, Pair, StampOf},
    slot::Slot,
    words::{self, Words},
};
use crate::Policy;
use std::{marker::PhantomData, mem::MaybeUninit, ptr};

/// Where an entry is.
pub(super) struct At<K, V, P> {
    pub(super) bucket: Bucket<K, V, P>,
    pub(super) number: u32,
    pub(super) slot: usize,
}

impl<K, V, P: Policy> At<K, V, P> {
    /// Lends the value for changing. Where readers race, the closure changes a copy, which then replaces the entry, also on a panic.
    ///
    /// # Safety
    ///
    /// There must be an entry, which nobody else uses but readers that race.
    #[inline]
    pub(super) unsafe fn change<R>(&self, change: impl FnOnce(&K, &mut V) -> R) -> R {
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

/// An entry, lent.
pub(crate) struct Found<'a, K, V, P: Policy> {
    at: At<K, V, P>,
    table: PhantomData<&'a (K, V)>,
}

impl<'a, K, V, P: Policy> Found<'a, K, V, P> {
    /// # Safety
    ///
    /// There must be an entry, which nobody writes during `'a`.
    #[inline]
    pub(super) unsafe fn new(at: At<K, V, P>) -> Self {
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
