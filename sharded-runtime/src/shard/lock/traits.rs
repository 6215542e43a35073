//! The traits of locks.

use super::{
    copies::{Clones, Copies},
    raw::view::View,
};
use crate::bounds::Token;

/// A kind of lock, chosen per field with `lock = …`.
///
/// The type determines the cell that holds the locked value. A custom lock is a cell around any existing lock (of std,
/// of `parking_lot`, a ticket lock). The cell owns the value and gives out ordinary references, so safe code can't
/// break the exclusion. The attribute names such a lock by a path: `lock = self::Fair`. A thread that waits for it
/// counts as inside the shard, so if the lock itself accesses a map, that must be a later one. Waits for it are counted
/// if it calls [`note_wait`](crate::lock::note_wait).
///
/// # Examples
///
/// ```
/// use sharded::lock::{Cell, Lock, Serves};
/// use std::sync::{Mutex, PoisonError, TryLockError};
///
/// /// The mutex of std. It ignores poison, so a shard stays usable after a panic.
/// #[derive(Debug)]
/// pub enum StdMutex {}
/// pub struct StdCell<T>(Mutex<T>);
///
/// impl Lock for StdMutex {
///     const SHARED_READS: bool = false;
///     type Cell<T> = StdCell<T>;
/// }
/// impl<K: Send, V: Send> Serves<K, V> for StdMutex {}
///
/// impl<T> Cell<T> for StdCell<T> {
///     fn new(value: T) -> Self {
///         StdCell(Mutex::new(value))
///     }
///     fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
///         self.write(|value| read(value))
///     }
///     fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
///         write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
///     }
///     fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
///         match self.0.try_lock() {
///             Ok(mut value) => Some(write(&mut value)),
///             Err(TryLockError::Poisoned(mut value)) => Some(write(value.get_mut())),
///             Err(TryLockError::WouldBlock) => None,
///         }
///     }
/// }
/// assert_eq!(StdCell::new(1).write(|n| *n + 1), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lock",
    label = "not a `Lock`",
    note = "`lock = …` names `Mutex`, `RwLock`, `Optimistic`, `Rcu`, or a type of your own that implements `sharded::lock::Lock`"
)]
pub trait Lock: 'static {
    /// Whether several readers can be inside [`Cell::read`] at the same time.
    ///
    /// If not, reads take the exclusive lock, and evictions record uses exactly.
    const SHARED_READS: bool;

    /// Whether readers may read a shard while it is written. Its entries are then written in atomic words.
    #[doc(hidden)]
    const READS_RACE: bool = false;

    /// Whether such readers hold entries while writers go on. An entry then lies in memory of its own and never
    /// changes.
    #[doc(hidden)]
    const SHARES_ENTRIES: bool = false;

    /// The lock together with the value that it protects.
    type Cell<T>: Cell<T>;

    /// The view for readers without a lock. Only the locks of this crate can have such readers.
    #[doc(hidden)]
    #[inline]
    fn view<T>(cell: &Self::Cell<T>, token: Token) -> Option<&View<T>> {
        let (_, Token) = (cell, token);
        None
    }
}

/// A value behind a [`Lock`].
///
/// The lock is released when the closure returns or panics. It stays usable after a panic: there is no poison.
///
/// # Examples
///
/// ```
/// use sharded::lock::{Cell, Lock, RwLock};
///
/// let cell: <RwLock as Lock>::Cell<i32> = Cell::new(1);
/// Cell::write(&cell, |n| *n += 1);
/// assert_eq!(Cell::read(&cell, |n| *n), 2);
/// assert_eq!(Cell::try_write(&cell, |n| *n), Some(2));
/// ```
pub trait Cell<T> {
    /// Puts a value behind a new lock.
    fn new(value: T) -> Self;
    /// Calls the closure with the value for reading. Blocks while a writer is inside.
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R;
    /// Calls the closure with the value for changing. Blocks while another thread is inside.
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R;
    /// As [`write`](Cell::write), or `None` at once if it would block.
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R>;

    /// Whether [`read_in_turn`](Cell::read_in_turn) and [`write_in_turn`](Cell::write_in_turn) hand the lock to a
    /// waiting thread. If not, a thread yields the processor between two steps on the same shard.
    const TAKES_TURNS: bool = false;

    /// As [`read`](Cell::read), but a thread that is waiting gets the lock next. For one of many steps: a thread that
    /// takes an unfair lock again at once may keep all others out.
    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.read(read)
    }

    /// As [`write`](Cell::write), but a thread that is waiting gets the lock next: see
    /// [`read_in_turn`](Cell::read_in_turn).
    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.write(write)
    }
}

/// The keys and values that a lock can protect.
///
/// [`Mutex`](crate::lock::Mutex) requires `Send`. [`RwLock`](crate::lock::RwLock) also requires `Sync`, since readers
/// share the value. [`Optimistic`](crate::lock::Optimistic) requires `Send` and `Copy`, since readers copy.
/// [`Rcu`](crate::lock::Rcu) requires `Send`, `Sync`, and `Clone`, since readers may hold the entry that a writer
/// changes or removes.
#[diagnostic::on_unimplemented(
    message = "`lock = {Self}` can't hold keys of type `{K}` with values of type `{V}`",
    label = "this lock does not serve these types",
    note = "choose one that does: `Mutex` needs `Send`, `RwLock` `Send + Sync`, `Rcu` `Clone + Send + Sync`, `Optimistic` `Copy + Send`, of keys and values alike"
)]
pub trait Serves<K, V>: Lock {
    /// The proof that readers may read keys and values without the lock, if they do.
    #[doc(hidden)]
    const COPIES: Option<Copies<K, V, Self>> = None;

    /// How keys and values are cloned, if entries are [shared](Lock::SHARES_ENTRIES).
    #[doc(hidden)]
    const CLONES: Option<Clones<K, V>> = None;
}
