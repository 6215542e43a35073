//! The entries that a write took out: listeners and drops, after the lock is released.

use crate::{engine::garbage::Garbage, field::removal::Listening, shard::order::Later, store::schedule::Hold};
use std::sync::{Arc, OnceLock};

/// The entries that a write takes out. This is dropped after the lock is released or on a panic. Then the listener is
/// called for them, and they are dropped.
pub(crate) struct Leaving<'a, K, V> {
    pub(crate) garbage: Garbage<K, V>,
    listening: &'a OnceLock<Listening<K, V>>,
}

impl<'a, K, V> Leaving<'a, K, V> {
    #[inline]
    pub(crate) fn new(listening: &'a OnceLock<Listening<K, V>>) -> Self {
        Leaving { garbage: Garbage::new(), listening }
    }
}

impl<K, V> Drop for Leaving<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        if self.garbage.is_to_be_told()
            && let Some(listening) = self.listening.get()
        {
            listening.tell();
        }
    }
}

/// As [`Leaving`], for a thread that no longer owns the map when this is dropped. The fields are dropped in this order:
/// the drop of the map waits for the garbage, but not for the listener.
pub(crate) struct Parting<K, V> {
    pub(crate) garbage: Garbage<K, V>,
    _hold: Option<Hold>,
    told: Told,
}

/// Calls the listener.
struct Told(Option<Arc<dyn Later>>);

impl<K, V> Parting<K, V> {
    pub(crate) fn new(hold: Option<Hold>) -> Self {
        Parting { garbage: Garbage::new(), _hold: hold, told: Told(None) }
    }

    /// Sets the listener, if there is one.
    pub(crate) fn tell(&mut self, listening: Option<&Listening<K, V>>) {
        self.told.0 = listening.map(Listening::calls);
    }
}

impl<K, V> Drop for Parting<K, V> {
    fn drop(&mut self) {
        if !self.garbage.is_to_be_told() {
            self.told.0 = None;
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(listener) = &self.0 {
            listener.run();
        }
    }
}
