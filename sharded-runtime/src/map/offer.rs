//! What a call brings to a shard.

/// A key and a value that may be stored. What is not, is dropped or given back after the lock is released, also when user
/// code panics under it: the caller owns the offer, and what runs under the lock takes from it.
pub(super) struct Offer<K, V> {
    key: Option<K>,
    /// The value, once there is one; what it replaces, after that.
    pub(super) value: Option<V>,
}

impl<K, V> Offer<K, V> {
    pub(super) fn new(key: K, value: V) -> Self {
        Offer { key: Some(key), value: Some(value) }
    }

    /// A key whose value is still to be made.
    pub(super) fn of_key(key: K) -> Self {
        Offer { key: Some(key), value: None }
    }

    pub(super) fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }

    /// Both, to be stored.
    pub(super) fn take(&mut self) -> Option<(K, V)> {
        self.value.as_ref()?;
        self.key.take().zip(self.value.take())
    }
}
