//! The listener of a map.

use super::{
    channel::{Channel, Removals},
    queue::Queue,
    sink::Sink,
};
use crate::{
    engine::{cause::Cause, garbage::Listener},
    observe::{events::Names, stats::Stats},
    shard::order::{self, Later},
};
use std::sync::Arc;

/// The listener of a map, and functions that copy entries for it. Only the registration of a listener requires `Clone`,
/// so the functions are stored then.
pub(crate) struct Listening<K, V> {
    sink: Arc<dyn Sink<K, V>>,
    copy_key: fn(&K) -> K,
    copy_value: fn(&V) -> Box<V>,
    /// Whether it gets replaced values. A set has none.
    of_replaced: bool,
}

impl<K: Clone + Send + 'static, V: Clone + Send + 'static> Listening<K, V> {
    /// A listener that is a function.
    pub(crate) fn by_call(names: &'static Names, listener: impl Fn(&K, &V, Cause) + Send + Sync + 'static) -> Self {
        Self::by(Arc::new(Queue::new(names, listener)))
    }

    /// A listener that is a channel with this capacity.
    #[track_caller]
    pub(crate) fn by_channel(capacity: usize) -> (Self, Removals<K, V>) {
        assert!(capacity > 0, "the capacity of a channel of removals must not be zero");
        let channel = Arc::new(Channel::new(capacity));
        (Self::by(Arc::clone(&channel)), Removals::new(channel))
    }

    fn by(sink: Arc<impl Sink<K, V> + 'static>) -> Self {
        Listening { sink, copy_key: K::clone, copy_value: |value| Box::new(value.clone()), of_replaced: true }
    }
}

impl<K, V> Listening<K, V> {
    /// For a set: a key that is added again is no removal.
    pub(crate) fn of_keys(mut self) -> Self {
        self.of_replaced = false;
        self
    }

    /// Calls the listener for the entries that it has [taken](Listener::take), now or when this thread is outside of
    /// all shards.
    pub(crate) fn tell(&self) {
        if order::is_inside() {
            order::when_outside(self.calls());
        } else {
            self.sink.run();
        }
    }

    /// Waits until the listener was called with all that has left by now, unless this thread must not wait: inside a
    /// closure, a listener or a loader.
    #[cfg(feature = "serde")]
    pub(crate) fn finish(&self) {
        self.sink.finish();
    }

    /// What calls the listener, for a thread that is outside of all shards.
    pub(crate) fn calls(&self) -> Arc<dyn Later> {
        Arc::clone(&self.sink) as Arc<dyn Later>
    }

    /// Adds the counts of the listener.
    pub(crate) fn note(&self, stats: &mut Stats) {
        stats.listener_panics = self.sink.panics();
        stats.removals_waiting = self.sink.waiting();
        stats.removals_missed = self.sink.missed();
    }
}

impl<K, V> Listener<K, V> for Listening<K, V> {
    fn copy_key(&self, key: &K) -> K {
        (self.copy_key)(key)
    }

    fn copy_value(&self, value: &V) -> Box<V> {
        (self.copy_value)(value)
    }

    fn take(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)> {
        if cause == Cause::Replaced && !self.of_replaced {
            return Some((key, value));
        }
        self.sink.leave(key, value, cause)
    }
}

impl<K, V> Drop for Listening<K, V> {
    fn drop(&mut self) {
        self.sink.close();
        self.tell();
    }
}
