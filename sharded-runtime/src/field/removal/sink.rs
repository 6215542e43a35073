//! Where the entries go that leave a map.

use crate::{engine::cause::Cause, shard::order::Later};

/// Where the entries go that leave a map. Values come in boxes, so that large ones take no place on the stack of each function on their way.
pub(crate) trait Sink<K, V>: Later + Send + Sync {
    /// Takes an entry, or gives it back to be dropped. Runs under the lock of its shard, so it runs no code of the user.
    fn leave(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)>;
    /// Panics of the user's code that were contained.
    fn panics(&self) -> u64;
    /// The map is gone.
    fn close(&self);
}
