use super::{Cell, Lock, Serves};
use parking_lot::{RwLockReadGuard, RwLockWriteGuard};

/// Readers share, a writer is alone: `lock = RwLock`.
///
/// Choose it where reads are long or collide on the same shard: readers of one shard run side by side. Keys and values
/// must be `Sync`. Recency under [`Lru`](crate::evict::Lru) is approximate, as a shared reader may not reorder the queue.
/// Built on `parking_lot::RwLock`: waiters park, and a waiting writer holds back new readers.
#[derive(Debug)]
pub enum RwLock {}

#[diagnostic::do_not_recommend]
impl Lock for RwLock {
    const SHARED_READS: bool = true;
    type Cell<T> = parking_lot::RwLock<T>;
}

#[diagnostic::do_not_recommend]
impl<K: Send + Sync, V: Send + Sync> Serves<K, V> for RwLock {}

impl<T> Cell<T> for parking_lot::RwLock<T> {
    fn new(value: T) -> Self {
        parking_lot::RwLock::new(value)
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.read())
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        write(&mut self.write())
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        Some(write(&mut *self.try_write()?))
    }

    const TAKES_TURNS: bool = true;

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        let guard = self.read();
        let result = read(&guard);
        RwLockReadGuard::unlock_fair(guard);
        result
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        let mut guard = self.write();
        let result = write(&mut guard);
        RwLockWriteGuard::unlock_fair(guard);
        result
    }
}
