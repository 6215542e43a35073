//! A key and a value that a call brings to a shard.

use std::ptr;

/// A key and a value that may be stored. The caller owns the offer, and code under the lock takes from it. So a key or
/// value that is not stored is dropped or given back after the lock is released, also if user code panics under it.
///
/// It is made once per call and then borrowed, so a value is moved only twice: into its offer, and from there to its
/// slot.
pub(crate) struct Offer<K, V> {
    key: Option<K>,
    /// The new value, and later the one that it has replaced.
    pub(crate) value: Option<V>,
}

/// The result of storing an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The offer is a new entry.
    New,
    /// The value has replaced that of its key. The old value is on offer instead.
    InPlace,
    /// The entry was refused for lack of room and is still on offer.
    Refused,
    /// It is still on offer: another entry has an index key that must be unique.
    Taken,
}

impl<K, V> Offer<K, V> {
    #[inline]
    pub(crate) fn new(key: K, value: V) -> Self {
        Offer { key: Some(key), value: Some(value) }
    }

    /// A key whose value is still to be made.
    #[inline]
    pub(crate) fn of_key(key: K) -> Self {
        Offer { key: Some(key), value: None }
    }

    /// An offer whose key, and maybe its value, is set later.
    #[inline]
    pub(crate) fn without_key(value: Option<V>) -> Self {
        Offer { key: None, value }
    }

    pub(crate) fn set_key(&mut self, key: K) {
        self.key = Some(key);
    }

    #[inline]
    pub(crate) fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }

    /// Takes back the key, if the entry was not stored.
    pub(crate) fn take_key(&mut self) -> Option<K> {
        self.key.take()
    }

    /// Whether there is both a key and a value.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        self.key.is_some() && self.value.is_some()
    }

    /// The key and the value, if there are both.
    #[inline]
    pub(super) fn both(&self) -> Option<(&K, &V)> {
        self.key.as_ref().zip(self.value.as_ref())
    }

    /// Forgets the key and the value, which were moved elsewhere.
    #[inline]
    pub(super) fn forget(&mut self) {
        // SAFETY: both are valid for writes. What is overwritten is not dropped.
        unsafe {
            ptr::write(&raw mut self.key, None);
            ptr::write(&raw mut self.value, None);
        }
    }

    /// Takes back the key and the value, if they were not stored.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<(K, V)> {
        self.value.as_ref()?;
        self.key.take().zip(self.value.take())
    }
}
