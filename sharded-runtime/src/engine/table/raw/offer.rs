//! What a call brings to a shard.

use std::ptr;

/// A key and a value that may be stored. What is not, is dropped or given back after the lock is released, also when
/// user code panics under it: the caller owns the offer, and what runs under the lock takes from it.
///
/// It is made once per call and lent from there on, so a value is moved twice: into its offer, and from there to where
/// it is stored.
pub(crate) struct Offer<K, V> {
    key: Option<K>,
    /// The value, once there is one; what it replaces, after that.
    pub(crate) value: Option<V>,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is a new entry.
    New,
    /// The value is in an entry that its key had. What it replaced is on offer in its place.
    InPlace,
    /// It is still on offer.
    Refused,
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

    /// A value, or nothing yet, whose key is still to come.
    pub(crate) fn without_key() -> Self {
        Offer { key: None, value: None }
    }

    pub(crate) fn set_key(&mut self, key: K) {
        self.key = Some(key);
    }

    #[inline]
    pub(crate) fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }

    /// The key, where nothing is stored under it.
    pub(crate) fn take_key(&mut self) -> Option<K> {
        self.key.take()
    }

    /// Whether there is both a key and a value.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        self.key.is_some() && self.value.is_some()
    }

    /// Both, if there is both a key and a value.
    #[inline]
    pub(super) fn both(&self) -> Option<(&K, &V)> {
        self.key.as_ref().zip(self.value.as_ref())
    }

    /// Forgets both, which were moved elsewhere.
    #[inline]
    pub(super) fn forget(&mut self) {
        // SAFETY: both are valid for writes. What is overwritten is not dropped.
        unsafe {
            ptr::write(&raw mut self.key, None);
            ptr::write(&raw mut self.value, None);
        }
    }

    /// Both, where they were not stored.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<(K, V)> {
        self.value.as_ref()?;
        self.key.take().zip(self.value.take())
    }
}
