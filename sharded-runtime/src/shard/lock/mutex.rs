use super::traits::{Cell, Lock, Serves};
use crate::memory::sync::RawMutex;

/// Mutual exclusion, also among readers: `lock = Mutex`, the default.
///
/// Keys and values need only be `Send`. It is the fastest lock to take, and recency under [`Lru`](crate::evict::Lru) is
/// exact. With enough shards two threads seldom contend. If long reads of the same entries do,
/// [`RwLock`](super::RwLock) lets them run in parallel. A waiting thread spins for a moment, then sleeps.
#[derive(Debug)]
pub enum Mutex {}

#[diagnostic::do_not_recommend]
impl Lock for Mutex {
    const SHARED_READS: bool = false;
    type Cell<T> = RawMutex<T>;
}

#[diagnostic::do_not_recommend]
impl<K: Send, V: Send> Serves<K, V> for Mutex {}

impl<T> Cell<T> for RawMutex<T> {
    fn new(value: T) -> Self {
        RawMutex::new(value)
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.with(|value| read(value))
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.with(write)
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.try_with(write)
    }

    const TAKES_TURNS: bool = true;

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.with_in_turn(|value| read(value))
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.with_in_turn(write)
    }
}
