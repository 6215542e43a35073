//! A readers-writer lock.
//!
//! One word decides whether a thread may enter: it has the number of readers and whether a writer is inside. Threads
//! that can't enter wait for a mutex, the *line*. The thread that holds the line is its *head*: only the head sleeps on
//! the word and sets its marks. It releases the line when it has entered. So a woken thread keeps its turn, and threads
//! enter in the order in which they get the line.
//!
//! # Waking
//!
//! [`ASLEEP`] is a mark that the head may sleep. A thread that leaves the lock free clears the mark and wakes the head.
//! Marks and readers share one word, so no wake-up is lost.
//!
//! # Fairness
//!
//! A running thread may enter before a head that must be woken, so that the lock is not idle meanwhile. But
//! [`KEPT_OUT`] keeps all others out until the head has entered. A writer at the head that waits for readers sets it at
//! once, since new readers could otherwise overlap for ever. Other heads set it when they have waited too long.

use super::primitives::{
    atomic::Ordering::{Acquire, Relaxed, Release},
    hint::{Nap, Patience, Spin},
    thread,
};
use super::{mutex::RawLock, word::Word};
use std::{cell::UnsafeCell, fmt};

/// A writer is inside.
const WRITER: u32 = 1 << 31;
/// Only the head may enter.
const KEPT_OUT: u32 = 1 << 30;
/// The head may sleep.
const ASLEEP: u32 = 1 << 29;
/// The other bits: the number of readers inside.
const READERS: u32 = ASLEEP - 1;

/// How a reader or a writer enters.
#[derive(Clone, Copy)]
struct Entry {
    /// Is added to the word.
    adds: u32,
    /// The bits that keep it out.
    blocked_by: u32,
}

const READ: Entry = Entry { adds: 1, blocked_by: WRITER };
const WRITE: Entry = Entry { adds: WRITER, blocked_by: WRITER | READERS };

/// A value behind a readers-writer lock. A thread that must wait spins, then sleeps.
#[repr(C)] // The word before the value, whose most used fields come first. Only threads that wait look at the line.
pub struct RawRwLock<T> {
    word: Word,
    value: UnsafeCell<T>,
    /// Waiting threads hold it one after the other.
    line: RawLock,
}

/// The lock of a [`RawRwLock`] without the value, so that its code is compiled once.
#[derive(Clone, Copy)]
struct SharedLock<'a> {
    word: &'a Word,
    line: &'a RawLock,
}

// SAFETY: the value moves with the lock.
unsafe impl<T: Send> Send for RawRwLock<T> {}
// SAFETY: one thread at a time changes the value, and several threads only read it.
unsafe impl<T: Send + Sync> Sync for RawRwLock<T> {}

impl<T> fmt::Debug for RawRwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRwLock").finish_non_exhaustive()
    }
}

/// Leaves the lock when it is dropped, also on a panic.
struct Inside<'a> {
    word: &'a Word,
    entry: Entry,
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        leave(self.word, self.entry);
    }
}

impl<T> RawRwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        RawRwLock { word: Word::new(), value: UnsafeCell::new(value), line: RawLock::new() }
    }

    #[inline]
    fn lock(&self) -> SharedLock<'_> {
        SharedLock { word: &self.word, line: &self.line }
    }

    /// Takes the shared lock and lends the value.
    #[inline]
    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.lock().enter_to_read();
        let _inside = Inside { word: &self.word, entry: READ };
        // SAFETY: this thread is a reader, and no writer enters before all readers have left.
        read(unsafe { &*self.value.get() })
    }

    /// Takes the exclusive lock and lends the value.
    #[inline]
    pub(crate) fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.lock().enter_to_write();
        self.lend(write)
    }

    /// Like [`write`](RawRwLock::write), or `None` at once if another thread is inside.
    #[inline]
    pub(crate) fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.lock().try_enter(WRITE) { Some(self.lend(write)) } else { None }
    }

    /// This thread must be the writer.
    #[inline]
    fn lend<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        let _inside = Inside { word: &self.word, entry: WRITE };
        // SAFETY: this thread is the writer (only the methods above call this), so no other thread is inside.
        write(unsafe { &mut *self.value.get() })
    }

    /// Lets a waiting thread enter before the caller enters again. The caller must not be inside.
    pub(crate) fn give_way(&self) {
        self.lock().give_way();
    }
}

impl SharedLock<'_> {
    #[inline]
    fn enter_to_read(self) {
        // Relaxed: the exchange below checks it.
        let before = self.word.load(Relaxed);
        // Acquire: pairs with the release in `leave` of the last writer.
        if before >= READERS || self.word.compare_exchange_weak(before, before + 1, Acquire, Relaxed).is_err() {
            self.wait_to_read();
        }
    }

    #[inline]
    fn enter_to_write(self) {
        // Acquire: pairs with the releases in `leave` of all threads that were inside before.
        if self.word.compare_exchange(0, WRITER, Acquire, Relaxed).is_err() {
            self.wait_to_write();
        }
    }

    /// Enters unless another thread is in the way, or all but the head are kept out.
    fn try_enter(self, Entry { adds, blocked_by }: Entry) -> bool {
        let before = self.word.load(Relaxed);
        // Acquire: as above.
        before & (blocked_by | KEPT_OUT) == 0
            && before & READERS < READERS
            && self.word.compare_exchange(before, before + adds, Acquire, Relaxed).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn wait_to_read(self) {
        self.wait(READ);
    }

    #[cold]
    #[inline(never)]
    fn wait_to_write(self) {
        self.wait(WRITE);
    }

    fn wait(self, entry: Entry) {
        let mut spin = Spin::new();
        while !self.try_enter(entry) {
            if !spin.spin() {
                let nap = Nap::begin();
                self.line.take_unwatched();
                self.enter_as_head(entry);
                self.line.release();
                nap.end(self.word);
                return;
            }
        }
    }

    /// Waits until nobody is in the way, and enters. The caller must hold the line.
    fn enter_as_head(self, Entry { adds, blocked_by }: Entry) {
        let patience = Patience::new();
        loop {
            let before = self.word.load(Relaxed);
            if before & blocked_by == 0 {
                let after = (before & !(ASLEEP | KEPT_OUT)) + adds;
                if before & READERS == READERS {
                    // The counter is full: more readers than a machine has memory for.
                    thread::yield_now();
                } else if self.word.compare_exchange(before, after, Acquire, Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            let waits_for_readers = before & WRITER == 0;
            let kept_out = if waits_for_readers || patience.is_over() { KEPT_OUT } else { 0 };
            let marked = before | ASLEEP | kept_out;
            // Relaxed: `leave` changes the same word, so it sees the marks.
            if before == marked || self.word.compare_exchange(before, marked, Relaxed, Relaxed).is_ok() {
                self.word.wait(marked, None);
            }
        }
    }

    fn give_way(self) {
        if self.line.is_held() {
            // Once this thread has the line, the previous head has entered.
            self.line.take();
            self.line.release_in_turn();
        }
    }
}

/// Leaves the lock. It needs no more than the word, so that a guard is no larger.
#[inline]
fn leave(word: &Word, Entry { adds, .. }: Entry) {
    // Release: pairs with the acquire of the thread that enters next.
    let before = word.fetch_sub(adds, Release);
    // If a mark is set, the head may have to be woken. (Apart from marks, a writer's word is `WRITER`.)
    if if adds == WRITER { before != WRITER } else { before >= ASLEEP } {
        wake(word, before - adds);
    }
}

/// Wakes the head if it may sleep. `left` is the word after leaving. While readers are inside, the last of them
/// wakes it.
#[cold]
#[inline(never)]
fn wake(word: &Word, left: u32) {
    if left & READERS == 0 && word.fetch_and(!ASLEEP, Relaxed) & ASLEEP != 0 {
        word.wake(1);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::RawRwLock;
    use loom::{sync::Arc, thread};

    /// The work of a thread on the pair that the lock protects. Its halves are equal whenever the lock is free.
    type Section = fn(&RawRwLock<(u32, u32)>);

    const READ: Section = |lock| lock.read(|(one, other)| assert_eq!(one, other));
    const WRITE: Section = |lock| {
        lock.write(|(one, other)| {
            *one += 1;
            thread::yield_now();
            *other += 1;
        });
    };
    const READ_IN_TURN: Section = |lock| {
        READ(lock);
        lock.give_way();
    };
    const WRITE_IN_TURN: Section = |lock| {
        WRITE(lock);
        lock.give_way();
    };

    /// A thread that nobody wakes would be a deadlock, which loom reports.
    fn model(uses: &'static [Section], writes: u32) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(move || {
            let lock = Arc::new(RawRwLock::new((0, 0)));
            let others: Vec<_> = uses[1..]
                .iter()
                .map(|run| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || run(&lock))
                })
                .collect();
            uses[0](&lock);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(lock.read(|&pair| pair), (writes, writes));
        });
    }

    #[test]
    fn writers_are_alone_and_all_who_wait_enter() {
        model(&[WRITE, READ], 1);
        model(&[WRITE, WRITE], 2);
        model(&[WRITE, READ, READ], 1);
        model(&[WRITE, WRITE, READ], 2);
    }

    #[test]
    fn a_thread_that_yields_enters_again() {
        model(&[WRITE_IN_TURN, READ_IN_TURN], 1);
        model(&[WRITE_IN_TURN, WRITE_IN_TURN], 2);
        model(&[READ_IN_TURN, WRITE_IN_TURN, READ], 1);
    }
}
