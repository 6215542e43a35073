//! What a call brings to a shard.

/// A key and a value that may be stored. What is not, is dropped or given back after the lock is released, also when user
/// code panics under it: the caller owns the offer, and what runs under the lock takes from it.
pub(crate) struct Offer<K, V> {
    key: Option<K>,
    /// The value, once there is one; what it replaces, after that.
    pub(crate) value: Option<V>,
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

    /// Both, to be stored.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<(K, V)> {
        self.value.as_ref()?;
        self.key.take().zip(self.value.take())
    }
}
