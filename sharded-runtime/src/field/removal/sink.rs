//! Where the entries go that leave a map.

use crate::{engine::cause::Cause, shard::order::Later};

/// Where the entries go that leave a map. Values are boxed, so that large ones take no stack in each function on the
/// way.
pub(crate) trait Sink<K, V>: Later + Send + Sync {
    /// Takes an entry, or gives it back to be dropped. Called under the lock of its shard, so it runs no user code.
    fn leave(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)>;
    /// How many entries wait.
    fn waiting(&self) -> usize;
    /// How many entries were missed, since the channel was full.
    fn missed(&self) -> u64;
    /// How many panics of user code were contained.
    fn panics(&self) -> u64;
    /// The map is gone.
    fn close(&self);
}
