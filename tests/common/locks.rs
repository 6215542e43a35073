//! Locks as a user might write them.

use sharded::lock::{Cell, Lock, Serves, note_wait};
use std::{
    marker::PhantomData,
    sync::{Mutex, MutexGuard, PoisonError, RwLock, TryLockError},
    time::Instant,
};

/// std's reader-writer lock. Poison is ignored.
#[derive(Debug)]
pub enum StdRwLock {}

#[derive(Debug)]
pub struct StdCell<T>(RwLock<T>);

impl Lock for StdRwLock {
    const SHARED_READS: bool = true;
    type Cell<T> = StdCell<T>;
}

impl<K: Send + Sync, V: Send + Sync> Serves<K, V> for StdRwLock {}

impl<T> Cell<T> for StdCell<T> {
    fn new(value: T) -> Self {
        StdCell(RwLock::new(value))
    }
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        write(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        match self.0.try_write() {
            Ok(mut value) => Some(write(&mut value)),
            Err(TryLockError::Poisoned(poisoned)) => Some(write(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// std's mutex, which notes waits. Poison is ignored.
#[derive(Debug)]
pub enum NotingMutex {}

#[derive(Debug)]
pub struct NotingCell<T>(Mutex<T>);

impl<T> NotingCell<T> {
    fn lock(&self) -> MutexGuard<'_, T> {
        match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let since = Instant::now();
                let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                note_wait(&self.0, since);
                guard
            }
        }
    }
}

impl Lock for NotingMutex {
    const SHARED_READS: bool = false;
    type Cell<T> = NotingCell<T>;
}

impl<K: Send, V: Send> Serves<K, V> for NotingMutex {}

impl<T> Cell<T> for NotingCell<T> {
    fn new(value: T) -> Self {
        NotingCell(Mutex::new(value))
    }
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.lock())
    }
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        write(&mut self.lock())
    }
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        match self.0.try_lock() {
            Ok(mut value) => Some(write(&mut value)),
            Err(TryLockError::Poisoned(poisoned)) => Some(write(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// What a test does before and after each hold of a lock.
pub trait AroundHold: 'static {
    fn around<R>(hold: impl FnOnce() -> R) -> R;
}

/// A mutex whose holds are watched. Nothing may panic in them.
#[derive(Debug)]
pub struct Watched<A>(PhantomData<A>);

#[derive(Debug)]
pub struct WatchedCell<T, A>(Mutex<T>, PhantomData<fn() -> A>);

impl<A: AroundHold> Lock for Watched<A> {
    const SHARED_READS: bool = false;
    type Cell<T> = WatchedCell<T, A>;
}

impl<K: Send, V: Send, A: AroundHold> Serves<K, V> for Watched<A> {}

impl<T, A: AroundHold> Cell<T> for WatchedCell<T, A> {
    fn new(value: T) -> Self {
        WatchedCell(Mutex::new(value), PhantomData)
    }
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.write(|value| read(value))
    }
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.0.lock().expect("nothing panics in here");
        A::around(|| write(&mut value))
    }
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        Some(self.write(write))
    }
}
