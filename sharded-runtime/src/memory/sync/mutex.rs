//! A mutex that is released by a plain store.
//!
//! Taking a lock is an atomic read-modify-write, which stalls most processors. Releasing one usually is another,
//! because the owner must not miss a thread that has begun to wait. Here the waiting thread pays for that: it sets a
//! mark, makes all threads of the process pass a memory barrier (see `memory/sys/barrier.rs`), and tries the lock again
//! before it sleeps. Then either it sees the lock released, or the owner sees the mark. Biased locks and user-space RCU
//! use such asymmetric barriers (Desnoyers et al., "User-Level Implementations of Read-Copy Update", TPDS 2012).
//!
//! Mutual exclusion depends on `held` alone, by acquire and release. The barrier only affects waking: without it, a
//! thread sleeps for a bounded time.
//!
//! # Waking
//!
//! `waiting` is a mark that threads may sleep. A thread that releases the lock clears the mark and wakes one sleeper.
//! The woken thread sets the mark again, when it has the lock or before it sleeps again, because others may still
//! sleep. So at most one woken thread is on its way, and a stale mark (for example in a child of `fork`) costs one
//! system call.
//!
//! # Fairness
//!
//! Any thread may take a released lock. A running thread is faster than one that must be woken, which then sleeps again
//! behind the others. So the wait of a thread is not bounded. But each release wakes the thread that has slept longest,
//! and it gets the lock if the owner stops running. With 2, 8 and 64 threads on two busy CPUs, the longest wait was as
//! long as with `parking_lot` and `std`. Handing the lock over to threads that had waited for a millisecond did not
//! shorten it. An owner that takes a lock again and again in one operation does hand it over, see `release_in_turn`.

use super::primitives::{
    atomic::{
        AtomicU32,
        Ordering::{Acquire, Relaxed, Release},
    },
    barrier, flag,
    hint::{Nap, Spin},
};
use super::word::Word;
use std::{cell::UnsafeCell, fmt, time::Duration};

/// In `held`: a thread has the lock, or it is being handed over.
const HELD: u32 = 1;
/// In `held`, along with [`HELD`]: the lock belongs to the first woken thread that takes it.
const HANDED_OVER: u32 = 2;

/// In `waiting`: a thread may sleep.
const ASLEEP: u32 = 1;

/// The sleep of a thread that might miss its wake-up.
const NAP: Duration = Duration::from_micros(100);

/// A value behind a mutex. A thread that must wait spins, then sleeps.
#[repr(C)] // The lock before the value, whose most used fields come first.
pub struct RawMutex<T> {
    pub(super) lock: RawLock,
    pub(super) value: UnsafeCell<T>,
}

/// The lock of a [`RawMutex`] without the value, so that its code is compiled once.
#[repr(C)]
pub(super) struct RawLock {
    /// Zero while the lock is free. (Setting and testing a bit of a word is one instruction, without a register.)
    held: AtomicU32,
    waiting: Word,
}

// SAFETY: the value moves with the mutex, and one thread uses it at a time.
unsafe impl<T: Send> Send for RawMutex<T> {}
// SAFETY: one thread uses the value at a time, which may be any.
unsafe impl<T: Send> Sync for RawMutex<T> {}

impl<T> fmt::Debug for RawMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex").finish_non_exhaustive()
    }
}

impl<T: Default> Default for RawMutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Releases the lock when it is dropped, also on a panic.
struct Held<'a> {
    lock: &'a RawLock,
    in_turn: bool,
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.in_turn { self.lock.release_in_turn() } else { self.lock.release() }
    }
}

impl<T> RawMutex<T> {
    #[cfg(not(loom))]
    pub(crate) const fn new(value: T) -> Self {
        RawMutex { lock: RawLock::new(), value: UnsafeCell::new(value) }
    }

    #[cfg(loom)]
    pub(crate) fn new(value: T) -> Self {
        RawMutex { lock: RawLock::new(), value: UnsafeCell::new(value) }
    }

    /// Takes the lock and lends the value.
    #[inline]
    pub(crate) fn with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        self.lock.take();
        self.lend(lend, false)
    }

    /// Like [`with`](RawMutex::with), and a thread that waits meanwhile gets the lock next.
    pub(crate) fn with_in_turn<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        self.lock.take();
        self.lend(lend, true)
    }

    /// Like [`with`](RawMutex::with), or `None` at once if another thread has the lock.
    #[inline]
    pub(crate) fn try_with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.lock.try_take() { Some(self.lend(lend, false)) } else { None }
    }

    /// This thread must hold the lock.
    #[inline]
    fn lend<R>(&self, lend: impl FnOnce(&mut T) -> R, in_turn: bool) -> R {
        let _held = Held { lock: &self.lock, in_turn };
        // SAFETY: this thread holds the lock (only the methods above call this), so no other thread has the value.
        lend(unsafe { &mut *self.value.get() })
    }
}

impl RawLock {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        RawLock { held: AtomicU32::new(0), waiting: Word::new() }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        RawLock { held: AtomicU32::new(0), waiting: Word::new() }
    }

    /// Whether a thread has the lock now, or is about to.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Relaxed) != 0
    }

    #[inline]
    pub(super) fn try_take(&self) -> bool {
        // Acquire: pairs with the release stores in `release` and `hand_over`.
        flag::set(&self.held)
    }

    #[inline]
    pub(super) fn take(&self) {
        if !self.try_take() {
            self.wait();
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) {
        let mut spin = Spin::new();
        while spin.spin() {
            if self.held.load(Relaxed) == 0 && self.try_take() {
                return;
            }
        }
        let nap = Nap::begin();
        self.sleep();
        nap.end(self);
    }

    /// As [`take`](RawLock::take), without spinning and without reporting a sleep.
    pub(super) fn take_unwatched(&self) {
        if !self.try_take() {
            self.sleep();
        }
    }

    /// Sleeps until this thread has the lock.
    fn sleep(&self) {
        loop {
            // Not a plain store, here and below: the models show that it could lose a mark.
            self.waiting.fetch_or(ASLEEP, Relaxed);
            // After this, an owner that has not released the lock yet will see the mark.
            let is_seen = barrier::heavy();
            if self.try_take() {
                break;
            }
            // If the mark was cleared meanwhile, this does not sleep.
            if self.waiting.wait(ASLEEP, (!is_seen).then_some(NAP)) && self.take_over() {
                break;
            }
            if self.try_take() {
                break;
            }
        }
        // Others may sleep, and their mark is cleared. This thread, now the owner, will see it on release.
        self.waiting.fetch_or(ASLEEP, Relaxed);
    }

    /// Takes the lock if it has been handed over.
    fn take_over(&self) -> bool {
        // Acquire: pairs with the release store in `hand_over`.
        self.held.compare_exchange(HELD | HANDED_OVER, HELD, Acquire, Relaxed).is_ok()
    }

    #[inline]
    pub(super) fn release(&self) {
        // Release: pairs with the acquire in `try_take`.
        self.held.store(0, Release);
        barrier::light();
        if self.waiting.load(Relaxed) != 0 {
            self.wake();
        }
    }

    /// Wakes a sleeper, after the lock was released.
    #[cold]
    #[inline(never)]
    fn wake(&self) {
        if self.waiting.swap(0, Relaxed) != 0 {
            self.waiting.wake(1);
        }
    }

    #[inline]
    pub(super) fn release_in_turn(&self) {
        if self.waiting.load(Relaxed) == 0 {
            return self.release();
        }
        self.waiting.swap(0, Relaxed);
        if !self.hand_over() {
            // The waiting thread does not sleep yet.
            super::primitives::thread::yield_now();
        }
    }

    /// Hands the lock to the thread that has slept longest. Returns whether there was one. This thread must hold the
    /// lock and have cleared the mark.
    fn hand_over(&self) -> bool {
        // Release: pairs with the acquire in `take_over`.
        self.held.store(HELD | HANDED_OVER, Release);
        if self.waiting.wake(1) > 0 {
            return true;
        }
        // Relaxed if it fails: a thread that was woken before has taken the lock over.
        if self.held.compare_exchange(HELD | HANDED_OVER, 0, Release, Relaxed).is_ok() {
            barrier::light();
            if self.waiting.load(Relaxed) != 0 {
                // A thread has begun to wait since. The lock is not handed over again, because that could repeat for
                // ever.
                self.waiting.swap(0, Relaxed);
                self.waiting.wake(1);
            }
        }
        false
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
    fn every_waiter_is_woken() {
        model(2, false);
        model(3, false);
    }

    #[test]
    fn a_waiter_gets_the_lock_next() {
        model(2, true);
        model(3, true);
    }
}
