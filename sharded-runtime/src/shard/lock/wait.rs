//! Counting waits for custom locks.

use std::time::Instant;

/// Counts a wait for a custom lock: this thread began to wait at `since`, and holds the lock now. The wait is added to
/// [`Stats::lock_waits`](crate::Stats::lock_waits) of the map that the lock belongs to. (A wait for a lock of this
/// crate begins when the thread goes to sleep, after it has spun for some microseconds.)
///
/// `lock` is the [`Cell`](crate::lock::Cell) of the lock, or any value inside it: its address identifies the map. For a
/// cell that belongs to no map, nothing is counted.
///
/// A call takes O(log(maps of the process)) and never waits. (The library can't count these waits by itself. It would
/// have to try each lock before waiting, which would slow down every access, and a `Cell` has no `try_read`.)
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
