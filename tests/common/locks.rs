//! A lock as a user might write it.

use sharded::lock::{Cell, Lock, Serves};
use std::sync::{PoisonError, RwLock, TryLockError};

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
