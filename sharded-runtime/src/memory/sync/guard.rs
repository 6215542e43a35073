//! A guard for a mutex, and a condition variable.

use super::primitives::atomic::{AtomicU32, Ordering::Relaxed};
use super::{RawMutex, word::Word};
use std::{fmt, marker::PhantomData, ops, time::Duration};

impl<T> RawMutex<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.lock.take();
        MutexGuard { mutex: self, not_send: PhantomData }
    }

    /// `None` if another thread holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.lock.try_take().then(|| MutexGuard { mutex: self, not_send: PhantomData })
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// Holds the lock until it is dropped.
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a RawMutex<T>,
    /// Neither `Send` nor `Sync`, because sharing the guard would share the value.
    not_send: PhantomData<*const ()>,
}

impl<T> ops::Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: a guard exists only while its lock is held, so no other thread has the value.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above. The guard is borrowed exclusively, so this is the only reference.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.lock.release();
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Threads sleep here until a value that a mutex protects has changed.
#[derive(Debug)]
pub(crate) struct Condvar {
    /// The number of notifications, modulo 2^32.
    notified: Word,
    /// The number of waiting threads. Written under the mutex, so it is exact for a thread that has changed the value
    /// under it.
    waiting: AtomicU32,
}

impl Condvar {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Condvar { notified: Word::new(), waiting: AtomicU32::new(0) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Condvar { notified: Word::new(), waiting: AtomicU32::new(0) }
    }

    /// Releases the lock, sleeps until notified, and takes the lock again. It may also return without a notification.
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_for(guard, None);
    }

    /// Like [`wait`](Condvar::wait), for at most this long, if it is given.
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, most: Option<Duration>) {
        self.waiting.fetch_add(1, Relaxed);
        // Under the lock, so a thread that changes the value after this changes the number as well.
        let notified = self.notified.load(Relaxed);
        guard.mutex.lock.release();
        self.notified.wait(notified, most);
        guard.mutex.lock.take();
        self.waiting.fetch_sub(1, Relaxed);
    }

    pub(crate) fn notify_one(&self) {
        self.notify(1);
    }

    pub(crate) fn notify_all(&self) {
        self.notify(u32::MAX >> 1);
    }

    fn notify(&self, most: u32) {
        // Relaxed: the mutex orders both with the change under it.
        if self.waiting.load(Relaxed) != 0 {
            self.notified.fetch_add(1, Relaxed);
            self.notified.wake(most);
        }
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::{Condvar, RawMutex};
    use loom::{sync::Arc, thread};

    /// A lost notification would be a deadlock, which loom reports.
    #[test]
    fn every_waiter_is_notified() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(|| {
            let both = Arc::new((RawMutex::new(0_u32), Condvar::new()));
            let others: Vec<_> = (0..2)
                .map(|_| {
                    let both = Arc::clone(&both);
                    thread::spawn(move || {
                        *both.0.lock() += 1;
                        both.1.notify_one();
                    })
                })
                .collect();
            let mut count = both.0.lock();
            while *count < 2 {
                both.1.wait(&mut count);
            }
            drop(count);
            others.into_iter().for_each(|other| other.join().unwrap());
        });
    }
}
