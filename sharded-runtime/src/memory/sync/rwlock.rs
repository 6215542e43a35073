//! A lock that readers share.
//!
//! One word has everything that decides who may enter: the number of readers, and whether a writer is inside. Threads that can't enter
//! line up in a mutex. Whoever holds that mutex is the *head* of the line: the only thread that sleeps on the word, and the only one that
//! sets its marks. It leaves the line when it has entered. So a thread that was woken keeps its place, and threads enter in
//! the order in which the mutex hands out the line.
//!
//! # Who wakes whom
//!
//! [`ASLEEP`] says that the head may sleep. Whoever leaves the lock free takes that mark and wakes the head. Marks and readers are in one word, so
//! none of this can be missed.
//!
//! # Fairness
//!
//! A thread that runs may enter before a head that has to be woken, since an idle lock helps nobody. But [`KEPT_OUT`] keeps all others out until the head has
//! entered: at once where a writer waits for readers, which otherwise might never all be out, and where the head has waited too long.

use super::primitives::{
    atomic::Ordering::{Acquire, Relaxed, Release},
    hint::{Patience, Spin},
    thread,
};
use super::{mutex::RawLock, word::Word};
use std::{cell::UnsafeCell, fmt};

/// A writer is inside.
const WRITER: u32 = 1 << 31;
/// Nobody enters but the head.
const KEPT_OUT: u32 = 1 << 30;
/// The head may sleep.
const ASLEEP: u32 = 1 << 29;
/// The rest is the number of readers inside.
const READERS: u32 = ASLEEP - 1;

/// Who wants to enter.
#[derive(Clone, Copy)]
struct Entry {
    /// What is added to the word for it.
    adds: u32,
    /// What keeps it out.
    blocked_by: u32,
}

const READ: Entry = Entry { adds: 1, blocked_by: WRITER };
const WRITE: Entry = Entry { adds: WRITER, blocked_by: WRITER | READERS };

/// A value behind a lock that readers share. A thread that has to wait spins for a moment, then sleeps.
#[repr(C)] // The lock before the value, which begins with what is used most.
pub struct RawRwLock<T> {
    lock: SharedLock,
    value: UnsafeCell<T>,
}

/// The lock of a [`RawRwLock`], apart from the value, so that its code is compiled once.
#[repr(C)]
struct SharedLock {
    word: Word,
    /// Those that wait, one after the other.
    line: RawLock,
}

// SAFETY: the value goes where the lock goes.
unsafe impl<T: Send> Send for RawRwLock<T> {}
// SAFETY: it is lent to one thread at a time to be changed, and to several at once only to be read.
unsafe impl<T: Send + Sync> Sync for RawRwLock<T> {}

impl<T> fmt::Debug for RawRwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRwLock").finish_non_exhaustive()
    }
}

/// Leaves the lock when it is dropped, so also on a panic.
struct Inside<'a> {
    lock: &'a SharedLock,
    entry: Entry,
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lock.leave(self.entry);
    }
}

impl<T> RawRwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        RawRwLock { lock: SharedLock { word: Word::new(), line: RawLock::new() }, value: UnsafeCell::new(value) }
    }

    /// Lends the value for reading, once no writer has it.
    #[inline]
    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.lock.enter_to_read();
        let _inside = Inside { lock: &self.lock, entry: READ };
        // SAFETY: this thread is one of the readers, and no writer enters before they have all left.
        read(unsafe { &*self.value.get() })
    }

    /// Lends the value for changing, once nobody else has it.
    #[inline]
    pub(crate) fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.lock.enter_to_write();
        self.lend(write)
    }

    /// As [`write`](RawRwLock::write), or `None` at once where someone else has it.
    #[inline]
    pub(crate) fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.lock.try_enter(WRITE) { Some(self.lend(write)) } else { None }
    }

    /// The writer must be inside, and be this thread.
    #[inline]
    fn lend<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        let _inside = Inside { lock: &self.lock, entry: WRITE };
        // SAFETY: this thread is the writer (the methods above are all that call this), so nobody else is inside.
        write(unsafe { &mut *self.value.get() })
    }

    /// Lets whoever waits enter before the caller does so again. The caller must not be inside.
    pub(crate) fn give_way(&self) {
        self.lock.give_way();
    }
}

impl SharedLock {
    #[inline]
    fn enter_to_read(&self) {
        // Relaxed: the exchange below looks again.
        let before = self.word.load(Relaxed);
        // Acquire, with the release of the writer that was here last.
        if before >= READERS || self.word.compare_exchange_weak(before, before + 1, Acquire, Relaxed).is_err() {
            self.wait_to_read();
        }
    }

    #[inline]
    fn enter_to_write(&self) {
        // Acquire, with the releases of all that were here before.
        if self.word.compare_exchange(0, WRITER, Acquire, Relaxed).is_err() {
            self.wait_to_write();
        }
    }

    #[inline]
    fn leave(&self, Entry { adds, .. }: Entry) {
        // Release, with the acquire of whoever enters next.
        let before = self.word.fetch_sub(adds, Release);
        // Whoever leaves with a mark in the word looks whether to wake the head. (A writer is alone but for marks.)
        if if adds == WRITER { before != WRITER } else { before >= ASLEEP } {
            self.wake(before - adds);
        }
    }

    /// Enters unless someone is in the way, or all but the head are kept out.
    fn try_enter(&self, Entry { adds, blocked_by }: Entry) -> bool {
        let before = self.word.load(Relaxed);
        // Acquire, as above.
        before & (blocked_by | KEPT_OUT) == 0
            && before & READERS < READERS
            && self.word.compare_exchange(before, before + adds, Acquire, Relaxed).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn wait_to_read(&self) {
        self.wait(READ);
    }

    #[cold]
    #[inline(never)]
    fn wait_to_write(&self) {
        self.wait(WRITE);
    }

    fn wait(&self, entry: Entry) {
        let mut spin = Spin::new();
        while !self.try_enter(entry) {
            if !spin.spin() {
                self.line.take();
                self.enter_as_head(entry);
                self.line.release();
                return;
            }
        }
    }

    /// Enters, once nobody is in the way. The caller must hold the line.
    fn enter_as_head(&self, Entry { adds, blocked_by }: Entry) {
        let patience = Patience::new();
        loop {
            let before = self.word.load(Relaxed);
            if before & blocked_by == 0 {
                let after = (before & !(ASLEEP | KEPT_OUT)) + adds;
                if before & READERS == READERS {
                    // As many readers as can be counted: more than a machine has memory for.
                    thread::yield_now();
                } else if self.word.compare_exchange(before, after, Acquire, Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            let waits_for_readers = before & WRITER == 0;
            let kept_out = if waits_for_readers || patience.is_over() { KEPT_OUT } else { 0 };
            let marked = before | ASLEEP | kept_out;
            // Relaxed: the marks are in the word that whoever leaves changes.
            if before == marked || self.word.compare_exchange(before, marked, Relaxed, Relaxed).is_ok() {
                self.word.wait(marked, None);
            }
        }
    }

    fn give_way(&self) {
        if self.line.is_held() {
            // The head of before has entered when this thread has the line.
            self.line.take();
            self.line.release_in_turn();
        }
    }

    /// Wakes the head if it sleeps, for who has left the word like this. While readers are inside, the last of them does it.
    #[cold]
    #[inline(never)]
    fn wake(&self, left: u32) {
        if left & READERS == 0 && self.word.fetch_and(!ASLEEP, Relaxed) & ASLEEP != 0 {
            self.word.wake(1);
        }
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::RawRwLock;
    use loom::{sync::Arc, thread};

    /// What a thread does with the pair that the lock protects: its halves are always equal.
    type Use = fn(&RawRwLock<(u32, u32)>);

    const READ: Use = |lock| lock.read(|(one, other)| assert_eq!(one, other));
    const WRITE: Use = |lock| {
        lock.write(|(one, other)| {
            *one += 1;
            thread::yield_now();
            *other += 1;
        });
    };
    const READ_IN_TURN: Use = |lock| {
        READ(lock);
        lock.give_way();
    };
    const WRITE_IN_TURN: Use = |lock| {
        WRITE(lock);
        lock.give_way();
    };

    /// A thread that nobody wakes would be a deadlock, which loom reports.
    fn model(uses: &'static [Use], writes: u32) {
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
    fn who_gives_way_comes_back() {
        model(&[WRITE_IN_TURN, READ_IN_TURN], 1);
        model(&[WRITE_IN_TURN, WRITE_IN_TURN], 2);
        model(&[READ_IN_TURN, WRITE_IN_TURN, READ], 1);
    }
}
