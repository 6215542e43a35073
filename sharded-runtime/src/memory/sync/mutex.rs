//! A mutex that is released by a plain store.
//!
//! To take a lock is an atomic read-modify-write, which on most processors holds up everything after it. To release one usually
//! is another, since the owner must not miss a thread that has begun to wait. Here the waiting thread pays for that: it
//! says that it waits, has all threads of the process pass a memory barrier (see `sys/barrier.rs`), and looks at the lock again before it
//! sleeps. Then either it sees the lock released, or the owner will see that someone waits. Biased locks and user-space RCU use
//! such asymmetric barriers (Desnoyers et al., "User-Level Implementations of Read-Copy Update", TPDS 2012).
//!
//! Mutual exclusion rests on `held` alone, by acquire and release. The barrier decides about waking: without it, a thread
//! sleeps for a short time at most.
//!
//! # Who wakes whom
//!
//! `waiting` says that threads may sleep. Whoever releases the lock takes that mark and wakes one of them. The thread that was woken puts
//! the mark back, when it has the lock or before it sleeps again, since others may still sleep. So one thread at a time is
//! on its way, and a mark that nobody sleeps behind (in the child of a `fork`, for one) costs one call of the system.
//!
//! # Fairness
//!
//! A released lock is free for anyone, and a thread that runs is faster than one that has to be woken, which then sleeps again behind the others.
//! So there is no bound on how long a thread waits. But each release wakes the one that has slept the longest, and an owner that stops
//! running lets it in. With 2, 8 and 64 threads on two busy CPUs the longest wait was as long as with `parking_lot` and `std`, and no shorter when the
//! owner handed the lock over to threads that had waited for a millisecond. An owner that takes a lock again and again
//! in one operation does hand it over, see `release_in_turn`.

use super::primitives::{
    atomic::{
        AtomicU32,
        Ordering::{Acquire, Relaxed, Release},
    },
    barrier, flag,
    hint::Spin,
};
use super::word::Word;
use std::{cell::UnsafeCell, fmt, time::Duration};

/// In `held`: someone has the lock, or it is on its way to someone.
const HELD: u32 = 1;
/// In `held`, with [`HELD`]: the lock is handed over, and belongs to the first woken thread that takes it.
const HANDED_OVER: u32 = 2;

/// In `waiting`: someone may sleep.
const ASLEEP: u32 = 1;

/// How long a thread sleeps that may not be woken.
const NAP: Duration = Duration::from_micros(100);

/// A value behind a mutex. A thread that has to wait spins for a moment, then sleeps.
#[repr(C)] // The lock before the value, which begins with what is used most.
pub struct RawMutex<T> {
    pub(super) lock: RawLock,
    pub(super) value: UnsafeCell<T>,
}

/// The lock of a [`RawMutex`], apart from the value, so that its code is compiled once.
#[repr(C)]
pub(super) struct RawLock {
    /// Zero while the lock is free. (Of a word, a bit is set and asked for in one instruction, without a register.)
    held: AtomicU32,
    waiting: Word,
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

impl<T: Default> Default for RawMutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Releases the lock when it is dropped, so also on a panic.
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

    /// Lends the value, once nobody else has it.
    #[inline]
    pub(crate) fn with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        self.lock.take();
        self.lend(lend, false)
    }

    /// As [`with`](RawMutex::with), and whoever waits meanwhile has it next.
    pub(crate) fn with_in_turn<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        self.lock.take();
        self.lend(lend, true)
    }

    /// As [`with`](RawMutex::with), or `None` at once where someone else has it.
    #[inline]
    pub(crate) fn try_with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.lock.try_take() { Some(self.lend(lend, false)) } else { None }
    }

    /// The lock must be held, by this thread.
    #[inline]
    fn lend<R>(&self, lend: impl FnOnce(&mut T) -> R, in_turn: bool) -> R {
        let _held = Held { lock: &self.lock, in_turn };
        // SAFETY: this thread holds the lock (the methods above are all that call this), so nobody else has the value.
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

    /// Whether someone has it at this moment, or is about to.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Relaxed) != 0
    }

    #[inline]
    pub(super) fn try_take(&self) -> bool {
        // Acquire, with the release of whoever had it.
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
        loop {
            // No plain store, here and below: the models show that a mark may be lost by it.
            self.waiting.fetch_or(ASLEEP, Relaxed);
            // After this, whoever has not released the lock yet will see the mark.
            let is_seen = barrier::heavy();
            if self.try_take() {
                break;
            }
            // Where the mark was taken meanwhile this does not sleep, so no mark is taken in vain.
            if self.waiting.wait(ASLEEP, (!is_seen).then_some(NAP)) && self.take_over() {
                break;
            }
            if self.try_take() {
                break;
            }
        }
        // Others may sleep, and this thread has taken their mark. As the owner it will see it itself.
        self.waiting.fetch_or(ASLEEP, Relaxed);
    }

    /// Takes the lock if it has been handed over.
    fn take_over(&self) -> bool {
        // Acquire, with the release of whoever handed it over.
        self.held.compare_exchange(HELD | HANDED_OVER, HELD, Acquire, Relaxed).is_ok()
    }

    #[inline]
    pub(super) fn release(&self) {
        // Release, with the acquire of whoever takes it next.
        self.held.store(0, Release);
        barrier::light();
        if self.waiting.load(Relaxed) != 0 {
            self.wake();
        }
    }

    /// Wakes one that sleeps, after the lock was released.
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
            // Nobody slept yet.
            super::primitives::thread::yield_now();
        }
    }

    /// Hands the lock, which this thread holds and whose mark it has taken, to the one that has slept the longest. Says whether there was one.
    fn hand_over(&self) -> bool {
        // Release, with the acquire of the one who takes it over.
        self.held.store(HELD | HANDED_OVER, Release);
        if self.waiting.wake(1) > 0 {
            return true;
        }
        // Relaxed where it fails: one that was woken before has taken the lock over.
        if self.held.compare_exchange(HELD | HANDED_OVER, 0, Release, Relaxed).is_ok() {
            barrier::light();
            if self.waiting.load(Relaxed) != 0 {
                // Someone has come since. It is not to be handed over again: that could go on for ever.
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
