use super::{Cell, Lock, Serves};
use parking_lot::MutexGuard;

/// One at a time, readers too: `lock = Mutex`, the default.
///
/// It asks only `Send` of keys and values, is the cheapest to take, and keeps exact recency under [`Lru`](crate::evict::Lru).
/// With enough shards two threads seldom meet; where long reads of the same entries do, [`RwLock`](super::RwLock) lets them
/// run side by side. Built on `parking_lot::Mutex`: waiters park.
#[derive(Debug)]
pub enum Mutex {}

#[diagnostic::do_not_recommend]
impl Lock for Mutex {
    const SHARED_READS: bool = false;
    type Cell<T> = parking_lot::Mutex<T>;
}

#[diagnostic::do_not_recommend]
impl<K: Send, V: Send> Serves<K, V> for Mutex {}

impl<T> Cell<T> for parking_lot::Mutex<T> {
    fn new(value: T) -> Self {
        parking_lot::Mutex::new(value)
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.lock())
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        write(&mut self.lock())
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        Some(write(&mut *self.try_lock()?))
    }

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.write_in_turn(|value| read(value))
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        let mut guard = self.lock();
        let result = write(&mut guard);
        MutexGuard::unlock_fair(guard);
        result
    }
}
