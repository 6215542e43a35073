//! The clock of a recorded history, and threads that begin at the same time.

use super::payload::stumble;
use crate::common::threads::together;
use std::{
    hint,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// Counts. Each time is a read and a write of one atomic, so that the order of two times is an order of the language
/// (happens-before) between what precedes the first and what follows the second, and not only one of a wall clock.
#[derive(Debug, Default)]
pub(crate) struct CountingClock(AtomicU64);

impl CountingClock {
    /// The next time. No two calls return the same one.
    pub(crate) fn now(&self) -> u64 {
        stumble();
        // Paired with itself: a call acquires what the calls before it released.
        self.0.fetch_add(1, Ordering::AcqRel)
    }
}

/// Runs threads that begin together, and returns what they recorded. Waking up after a barrier takes some threads
/// longer than a whole history, so they also wait for each other awake.
pub(crate) fn record_together<T: Send>(threads: u32, run: impl Fn(u32) -> Vec<T> + Sync) -> Vec<T> {
    let waiting = AtomicU64::new(threads.into());
    let logs = together(threads.into(), |number| {
        waiting.fetch_sub(1, Ordering::Relaxed);
        while waiting.load(Ordering::Relaxed) > 0 {
            hint::spin_loop();
            thread::yield_now();
        }
        run(u32::try_from(number).expect("a few threads"))
    });
    logs.into_iter().flatten().collect()
}
