//! Threads that put in and take out cold keys while others call for the hot ones: a table that grows, splits and
//! shrinks moves the hot entries about.

use super::{
    common::threads::Dice,
    histories::register::{Answer, Call},
    history::Plan,
    subject::Subject,
};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// Keys from here on are cold. All fit into 16 bits, as the smallest keys do.
pub(crate) const FIRST_COLD: u32 = 100;

/// How many calls on cold keys are made for each one on a hot key. Only a hint: whoever is ahead yields the processor,
/// so that neither side has it for itself where there are fewer processors than threads.
const COLD_PER_CALL: u32 = 6;

/// How far the two sides are. Nothing is ordered by it.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Threads that have not made all their calls yet.
    calling: AtomicU32,
    calls: AtomicU32,
    cold: AtomicU32,
}

impl Pace {
    pub(crate) fn new(plan: &Plan) -> Self {
        Pace { calling: AtomicU32::new(plan.threads), calls: AtomicU32::new(0), cold: AtomicU32::new(0) }
    }

    /// A call on a hot key is to come.
    pub(crate) fn call(&self) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.cold.load(Ordering::Relaxed) < COLD_PER_CALL * calls {
            thread::yield_now();
        }
    }

    fn cold_call(&self) {
        let cold = self.cold.fetch_add(1, Ordering::Relaxed);
        // A wave is also to come at once now and then.
        if cold > COLD_PER_CALL * self.calls.load(Ordering::Relaxed) + 500 {
            thread::yield_now();
        }
    }

    fn is_over(&self) -> bool {
        self.calling.load(Ordering::Relaxed) == 0
    }
}

/// A thread is calling until this is dropped, be it by a panic.
#[derive(Debug)]
pub(crate) struct Calling<'a>(pub(crate) &'a Pace);
impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.calling.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Puts cold keys in and takes them out again, until nobody is calling any more.
pub(crate) fn churn(subject: &dyn Subject, plan: &Plan, churner: u32, mut dice: Dice, pace: &Pace) {
    while !pace.is_over() {
        let most = [10, 100, plan.cold, plan.cold][usize::try_from(dice.below(4)).expect("small")];
        let first = FIRST_COLD + churner * plan.cold;
        let mut end = first;
        for _ in 0..dice.below(most.into()) {
            pace.cold_call();
            assert_eq!(subject.call(end, Call::Insert(end)), Answer::Value(None), "cold key {end} is new");
            end += 1;
            if pace.is_over() {
                break;
            }
        }
        for key in first..end {
            pace.cold_call();
            assert_eq!(subject.call(key, Call::Remove), Answer::Value(Some(key)), "cold key {key} is there");
        }
        if dice.below(4) == 0 {
            subject.shrink();
        }
    }
}
