//! Waits for locks that are not of this crate.

use std::time::Instant;

/// Counts a wait for a lock of one's own: this thread began to wait at `since`, and holds the lock now. The wait is
/// added to [`Stats::lock_waits`](crate::Stats::lock_waits) of the map that the lock belongs to. (A wait for a lock of
/// this crate begins when the thread sleeps, after it has spun for some microseconds.)
///
/// `lock` is the [`Cell`](crate::lock::Cell) of the lock or anything in it, since its address tells the map. Without a
/// map, such as for a cell that stands alone, nothing is counted.
///
/// A call takes O(log(maps of the process)) and never waits. (The library can't count such waits by itself: it would
/// have to try each lock before it waits for it, which the fastest access would pay for, and a `Cell` can't try to
/// read.)
///
/// # Examples
///
/// ```
/// use sharded::lock::{Cell, Lock, Serves, note_wait};
/// use std::{
///     sync::{Mutex, MutexGuard, PoisonError, TryLockError},
///     time::Instant,
/// };
///
/// #[derive(Debug)]
/// pub enum StdMutex {}
/// pub struct StdCell<T>(Mutex<T>);
///
/// impl<T> StdCell<T> {
///     fn lock(&self) -> MutexGuard<'_, T> {
///         match self.0.try_lock() {
///             Ok(guard) => return guard,
///             Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
///             Err(TryLockError::WouldBlock) => {}
///         }
///         let since = Instant::now();
///         let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         note_wait(self, since);
///         guard
///     }
/// }
///
/// impl<T> Cell<T> for StdCell<T> {
///     fn new(value: T) -> Self {
///         StdCell(Mutex::new(value))
///     }
///     fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
///         read(&self.lock())
///     }
///     fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
///         write(&mut self.lock())
///     }
///     fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
///         self.0.try_lock().ok().map(|mut value| write(&mut value))
///     }
/// }
///
/// impl Lock for StdMutex {
///     const SHARED_READS: bool = false;
///     type Cell<T> = StdCell<T>;
/// }
/// impl<K: Send, V: Send> Serves<K, V> for StdMutex {}
/// ```
pub fn note_wait<T: ?Sized>(lock: &T, since: Instant) {
    #[cfg(not(loom))]
    crate::memory::waits::note(lock, since);
    #[cfg(loom)]
    let _ = (lock, since);
}
