use super::traits::{Cell, Lock, Serves};
use crate::memory::sync::RawRwLock;

/// Readers share the lock, and a writer excludes all others: `lock = RwLock`.
///
/// For long reads, or for many reads of the same shard, which run in parallel. Keys and values must be `Sync`. Recency
/// under [`Lru`](crate::evict::Lru) is approximate, since a reader under a shared lock can't reorder the queue. A
/// waiting thread spins for a moment, then sleeps. A writer that waits for readers keeps new readers out.
#[derive(Debug)]
pub enum RwLock {}

#[diagnostic::do_not_recommend]
impl Lock for RwLock {
    const SHARED_READS: bool = true;
    type Cell<T> = RawRwLock<T>;
}

#[diagnostic::do_not_recommend]
impl<K: Send + Sync, V: Send + Sync> Serves<K, V> for RwLock {}

impl<T> Cell<T> for RawRwLock<T> {
    fn new(value: T) -> Self {
        RawRwLock::new(value)
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.read(read)
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.write(write)
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.try_write(write)
    }

    const TAKES_TURNS: bool = true;

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        let result = self.read(read);
        self.give_way();
        result
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        let result = self.write(write);
        self.give_way();
        result
    }
}
