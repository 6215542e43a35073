//! What has been taken out of a shard and is to be dropped.

use crate::{
    engine::table::Removed,
    field::removal::{Cause, Listening, Sink},
};
use std::sync::{Arc, OnceLock};

/// Entries that were taken out under a lock, to be dropped after it. Most writes take out none.
pub(crate) struct Garbage<K, V> {
    kept: Removed<K, V>,
    /// How many more there were, which are to be told of.
    told: usize,
}

impl<K, V> Garbage<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        Garbage { kept: Removed::new(), told: 0 }
    }

    /// For an entry that is taken out.
    #[inline]
    pub(crate) fn kept(&mut self) -> &mut Removed<K, V> {
        &mut self.kept
    }

    /// Tells of the entry that was taken out last.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_last(&mut self, cause: Cause, listening: &Listening<K, V>) {
        if let Some((key, value)) = self.kept.pop_boxed() {
            self.tell(key, value, cause, listening);
        }
    }

    /// Tells of an entry.
    pub(crate) fn tell(&mut self, key: K, value: Box<V>, cause: Cause, listening: &Listening<K, V>) {
        match listening.leave(key, value, cause) {
            None => self.told += 1,
            Some((key, value)) => self.kept.push_boxed(key, value),
        }
    }

    /// Adds all of other garbage.
    #[cold]
    pub(crate) fn append(&mut self, other: &mut Garbage<K, V>) {
        self.kept.append(&mut other.kept);
        self.told += std::mem::take(&mut other.told);
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len() + self.told
    }
}

/// What a write takes out. When this is dropped, after the lock is released, it is told of and dropped; also on a panic.
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
        if self.garbage.told > 0
            && let Some(listening) = self.listening.get()
        {
            listening.tell();
        }
    }
}

/// As [`Leaving`], but for who does not own the map any more when this is dropped.
pub(crate) struct Parting<K, V> {
    pub(crate) garbage: Garbage<K, V>,
    told: Option<Arc<dyn Sink<K, V>>>,
}

impl<K, V> Parting<K, V> {
    pub(crate) fn new() -> Self {
        Parting { garbage: Garbage::new(), told: None }
    }

    /// Says who is told, if someone is by now.
    pub(crate) fn tell(&mut self, listening: Option<&Listening<K, V>>) {
        self.told = listening.map(Listening::sink);
    }
}

impl<K, V> Drop for Parting<K, V> {
    fn drop(&mut self) {
        if self.garbage.told > 0
            && let Some(sink) = &self.told
        {
            sink.run();
        }
    }
}
