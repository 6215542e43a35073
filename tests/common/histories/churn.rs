//! Threads that insert and remove cold keys while others use the hot ones. A table that grows, splits and shrinks moves
//! the hot entries meanwhile.

use super::register::{Answer, Call};
use crate::common::threads::Dice;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// Keys from here on are cold. All fit into 16 bits, as the smallest keys do.
pub(crate) const FIRST_COLD: u32 = 100;

/// The number of calls on cold keys for each call on a hot key. It is approximate: the threads that are ahead yield the
/// processor, so that both sides make progress where there are fewer processors than threads.
const COLD_PER_CALL: u32 = 6;

/// The progress of both sides. Its atomics are counters and order nothing.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Threads that have not made all their calls yet.
    calling: AtomicU32,
    calls: AtomicU32,
    cold: AtomicU32,
}

impl Pace {
    /// Of this number of threads that use hot keys.
    pub(crate) fn new(threads: u32) -> Self {
        Pace { calling: AtomicU32::new(threads), calls: AtomicU32::new(0), cold: AtomicU32::new(0) }
    }

    /// Precedes each call on a hot key.
    pub(crate) fn call(&self) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.cold.load(Ordering::Relaxed) < COLD_PER_CALL * calls {
            thread::yield_now();
        }
    }

    fn cold_call(&self) {
        let cold = self.cold.fetch_add(1, Ordering::Relaxed);
        // Some waves come at once.
        if cold > COLD_PER_CALL * self.calls.load(Ordering::Relaxed) + 500 {
            thread::yield_now();
        }
    }

    fn is_over(&self) -> bool {
        self.calling.load(Ordering::Relaxed) == 0
    }
}

/// A thread uses hot keys until this is dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct Calling<'a>(pub(crate) &'a Pace);
impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.calling.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A map with cold keys.
pub(crate) trait Churned {
    fn call(&self, key: u32, call: Call) -> Answer;
    fn shrink(&self);
}

/// Inserts up to `most` cold keys and removes them again, until no thread uses hot keys any more. Each of the threads
/// that do so has another number, and keys of its own.
pub(crate) fn churn(map: &(impl Churned + ?Sized), number: u32, most: u32, mut dice: Dice, pace: &Pace) {
    while !pace.is_over() {
        let wave = [10, 100, most, most][usize::try_from(dice.below(4)).expect("small")];
        let first = FIRST_COLD + number * most;
        let mut end = first;
        for _ in 0..dice.below(wave.into()) {
            pace.cold_call();
            assert_eq!(map.call(end, Call::Insert(end)), Answer::Value(None), "cold key {end} is new");
            end += 1;
            if pace.is_over() {
                break;
            }
        }
        for key in first..end {
            pace.cold_call();
            assert_eq!(map.call(key, Call::Remove), Answer::Value(Some(key)), "cold key {key} is there");
        }
        if dice.below(4) == 0 {
            map.shrink();
        }
    }
}
