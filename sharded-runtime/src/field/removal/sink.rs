//! The destination of removed entries.

use crate::{engine::cause::Cause, shard::order::Later};

/// The destination of removed entries: a function or a channel. Values are boxed, so that large ones take no stack in
/// each function that passes them on.
pub(crate) trait Sink<K, V>: Later + Send + Sync {
    /// Takes an entry, or gives it back to be dropped. Called under the lock of its shard, so it must run no user code.
    fn leave(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)>;
    /// Waits until the listener was called with all that has left by now, unless this thread must not wait.
    #[cfg(feature = "serde")]
    fn finish(&self);
    /// How many entries are waiting.
    fn waiting(&self) -> usize;
    /// How many entries were missed because the channel was full.
    fn missed(&self) -> u64;
    /// How many panics of user code were contained.
    fn panics(&self) -> u64;
    /// Called when the map is dropped.
    fn close(&self);
}
