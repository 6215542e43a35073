//! A mutex that is released by a plain store.
//!
//! To take a lock is an atomic read-modify-write, which on most processors keeps everything after it waiting. To release one usually
//! is another, for whoever unlocks must not miss that someone has begun to wait. Here whoever waits sees to that: it
//! says so, has all threads of the process pass a memory barrier (see `sys/barrier.rs`), and looks at the lock again before it parks. Then
//! either it sees the lock released, or whoever holds it will see the waiter. The idea of such asymmetric barriers is that
//! of biased locks and of user-space RCU (Desnoyers et al., "User-Level Implementations of Read-Copy Update", TPDS 2012).
//!
//! That only one thread is inside rests on `word` alone, by acquire and release. The barrier decides about waking up: where it is not to be
//! had, a waiter parks for a short time at most.

use super::word::{Woken, Word};
use crate::sync::{
    atomic::{AtomicU32, Ordering::Relaxed},
    barrier,
    hint::Spin,
};
use std::{cell::UnsafeCell, fmt};

/// A value behind a mutex. Waiters spin for a moment, then park.
#[repr(C)] // The lock before the value, which begins with what is used most.
pub struct RawMutex<T> {
    word: Word,
    /// Threads that have begun to wait and do not hold the lock yet.
    waiting: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value goes where the mutex goes, and is lent to one thread at a time.
unsafe impl<T: Send> Send for RawMutex<T> {}
// SAFETY: it is lent to one thread at a time, whichever that is.
unsafe impl<T: Send> Sync for RawMutex<T> {}

impl<T> fmt::Debug for RawMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex").finish_non_exhaustive()
    }
}

/// Releases the lock when it is dropped, so also on a panic.
struct Held<'a, T> {
    mutex: &'a RawMutex<T>,
    in_turn: bool,
}

impl<T> Drop for Held<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.in_turn { self.mutex.release_in_turn() } else { self.mutex.release() }
    }
}

impl<T> RawMutex<T> {
    pub(crate) fn new(value: T) -> Self {
        RawMutex { word: Word::new(), waiting: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    /// Lends the value, once nobody else has it.
    #[inline]
    pub(crate) fn with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        self.take();
        self.lend(lend, false)
    }

    /// As [`with`](RawMutex::with), and whoever waits meanwhile has it next.
    pub(crate) fn with_in_turn<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        self.take();
        self.lend(lend, true)
    }

    /// As [`with`](RawMutex::with), or `None` at once where someone else has it.
    #[inline]
    pub(crate) fn try_with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.word.try_take().then(|| self.lend(lend, false))
    }

    /// The lock must be held, by this thread.
    #[inline]
    fn lend<R>(&self, lend: impl FnOnce(&mut T) -> R, in_turn: bool) -> R {
        let _held = Held { mutex: self, in_turn };
        // SAFETY: this thread holds the lock (the methods above are all that call this), so nobody else has the value.
        lend(unsafe { &mut *self.value.get() })
    }

    #[inline]
    fn take(&self) {
        if !self.word.try_take() {
            self.wait();
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) {
        let mut spin = Spin::new();
        while spin.spin() {
            if self.word.is_free() && self.word.try_take() {
                return;
            }
        }
        self.waiting.fetch_add(1, Relaxed);
        // After this, whoever has not released the lock yet will see that someone waits.
        let is_seen = barrier::heavy();
        while !self.word.try_take() {
            // Held all the while from here until this thread is in the queue, or it is not put there.
            if self.word.park(is_seen) == Woken::Owner {
                break;
            }
        }
        self.waiting.fetch_sub(1, Relaxed);
    }

    #[inline]
    fn release(&self) {
        self.word.free();
        barrier::light();
        if self.waiting.load(Relaxed) != 0 {
            self.word.wake_one();
        }
    }

    #[inline]
    fn release_in_turn(&self) {
        if self.waiting.load(Relaxed) == 0 {
            return self.release();
        }
        if !self.word.hand_over() {
            // Nobody was in the queue yet.
            crate::sync::thread::yield_now();
        }
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::RawMutex;
    use loom::{sync::Arc, thread};

    fn model(threads: usize, in_turn: bool) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(move || {
            let mutex = Arc::new(RawMutex::new(0_u32));
            let count = move |mutex: &RawMutex<u32>| {
                if in_turn { mutex.with_in_turn(|n| *n += 1) } else { mutex.with(|n| *n += 1) }
            };
            let others: Vec<_> = (1..threads)
                .map(|_| {
                    let mutex = Arc::clone(&mutex);
                    thread::spawn(move || count(&mutex))
                })
                .collect();
            count(&mutex);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(mutex.with(|n| *n), u32::try_from(threads).unwrap());
        });
    }

    /// A waiter that nobody wakes would be a deadlock, which loom reports.
    #[test]
    fn whoever_waits_is_woken() {
        model(2, false);
        model(3, false);
    }

    #[test]
    fn whoever_waits_is_next() {
        model(2, true);
        model(3, true);
    }
}
