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

impl<K, V> SharedEntry<K, V> {
    /// Moves what is on offer to memory of its own, if that is both a key and a value.
    pub(super) fn of_offer(offer: &mut Offer<K, V>) -> Option<NonNull<Self>> {
        let (key, value) = offer.both()?;
        let entry = Box::into_raw(Box::<Self>::new_uninit()).cast::<Self>();
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
        let entry = entry.as_ptr();
        // SAFETY: the caller's promise. The memory came from a box, and is freed without what was in it.
        unsafe {
            to.put(&raw const (*entry).pair.key, &raw const (*entry).pair.value);
            drop(Box::from_raw(entry.cast::<MaybeUninit<Self>>()));
        }
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
