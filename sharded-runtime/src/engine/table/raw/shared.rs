//! Entries that readers without a lock may hold: each lies in memory of its own, and no writer changes it.
//!
//! A slot holds its address. A writer that changes an entry makes a changed copy, stores the address of that, and
//! [retires](super::retired) the entry.

use super::{layout::Pair, offer::Offer, removed::Destination};
use crate::hasher::LowHash;
use std::{
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

/// An entry in memory of its own.
pub(super) struct SharedEntry<K, V> {
    /// Used only by the holder of the lock.
    pub(super) hash: LowHash,
    pub(super) pair: Pair<K, V>,
}

/// Memory for an entry, or of one that is no more.
pub(super) struct Memory<K, V>(Box<MaybeUninit<SharedEntry<K, V>>>);

impl<K, V> Memory<K, V> {
    /// From the allocator.
    pub(super) fn new() -> Self {
        Memory(Box::new_uninit())
    }

    /// Where an entry lies there.
    pub(super) fn entry(&mut self) -> *mut SharedEntry<K, V> {
        self.0.as_mut_ptr()
    }

    /// Stores an entry there.
    pub(super) fn fill(self, entry: SharedEntry<K, V>) -> NonNull<SharedEntry<K, V>> {
        NonNull::from(Box::leak(Box::write(self.0, entry)))
    }
}

impl<K, V> SharedEntry<K, V> {
    /// Moves what is on offer to memory of its own, if that is both a key and a value.
    pub(super) fn of_offer(offer: &mut Offer<K, V>, memory: impl FnOnce() -> Memory<K, V>) -> Option<NonNull<Self>> {
        let (key, value) = offer.both()?;
        let entry = Box::into_raw(memory().0).cast::<Self>();
        // SAFETY: the memory is new. The offer is apart, and forgets both.
        unsafe {
            (&raw mut (*entry).hash).write(LowHash::default());
            ptr::copy_nonoverlapping(key, &raw mut (*entry).pair.key, 1);
            ptr::copy_nonoverlapping(value, &raw mut (*entry).pair.value, 1);
        }
        offer.forget();
        NonNull::new(entry)
    }

    /// Moves the key and the value elsewhere, and frees the memory.
    ///
    /// # Safety
    ///
    /// The entry must be nobody else's, and is not used afterwards.
    pub(super) unsafe fn give(entry: NonNull<Self>, to: &mut impl Destination<K, V>) {
        // SAFETY: the caller's promise.
        unsafe {
            let pair = &raw const (*entry.as_ptr()).pair;
            to.put(&raw const (*pair).key, &raw const (*pair).value);
            drop(Self::memory(entry));
        }
    }

    /// The memory of an entry, without what was in it.
    ///
    /// # Safety
    ///
    /// As of [`give`](SharedEntry::give).
    pub(super) unsafe fn memory(entry: NonNull<Self>) -> Memory<K, V> {
        // SAFETY: the caller's promise, and the memory came from a box.
        Memory(unsafe { Box::from_raw(entry.as_ptr().cast()) })
    }

    /// Drops the entry.
    ///
    /// # Safety
    ///
    /// As of [`give`](SharedEntry::give).
    pub(super) unsafe fn drop(entry: NonNull<Self>) {
        // SAFETY: the caller's promise, and the memory came from a box.
        drop(unsafe { Box::from_raw(entry.as_ptr()) });
    }
}
