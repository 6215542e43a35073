//! Futexes: sleeping until a word changes.
//!
//! The queue of sleeping threads is in the kernel, so a child of `fork` does not inherit it. Systems other than Linux
//! use the queue of `parking_lot_core`, which is in the memory of the process.

use std::{sync::atomic::AtomicU32, time::Duration};

/// Sleeps until [`wake`] picks this thread, unless the word has another value than `expected`. Returns whether it was
/// picked. Otherwise the word has changed, the time is up, or the wake-up was spurious.
pub(crate) fn wait(word: &AtomicU32, expected: u32, most: Option<Duration>) -> bool {
    system::wait(word, expected, most)
}

/// Wakes up to `most` of the threads that sleep on this word, those that have slept longest first. Returns their
/// number.
///
/// A thread that does not sleep yet sees a change of the word that comes before this call.
pub(crate) fn wake(word: &AtomicU32, most: u32) -> usize {
    system::wake(word, most)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::futex::{self, Flags, Timespec};
    use std::{sync::atomic::AtomicU32, time::Duration};

    pub(super) fn wait(word: &AtomicU32, expected: u32, most: Option<Duration>) -> bool {
        // A time that can't be represented means for ever.
        let most = most.and_then(|most| {
            Some(Timespec { tv_sec: i64::try_from(most.as_secs()).ok()?, tv_nsec: i64::from(most.subsec_nanos()) as _ })
        });
        futex::wait(word, Flags::PRIVATE, expected, most.as_ref()).is_ok()
    }

    pub(super) fn wake(word: &AtomicU32, most: u32) -> usize {
        futex::wake(word, Flags::PRIVATE, most).unwrap_or(0)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use parking_lot_core::{
        DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, FilterOp, ParkResult, ParkToken, park, unpark_filter,
    };
    use std::{
        sync::atomic::{AtomicU32, Ordering::Relaxed},
        time::{Duration, Instant},
    };

    /// Distinguishes threads that sleep on a word from others that are parked at the same address.
    const ON_WORD: ParkToken = ParkToken(DEFAULT_PARK_TOKEN.0 ^ 0x5AFE_F07E);

    pub(super) fn wait(word: &AtomicU32, expected: u32, most: Option<Duration>) -> bool {
        let until = most.and_then(|most| Instant::now().checked_add(most));
        // SAFETY: the key is the address of a word that this crate owns while the call lasts. A thread that is parked
        // at the same key for another reason has another token. The closures neither panic nor park nor unpark.
        let result = unsafe {
            park(
                std::ptr::from_ref(word).addr(),
                // Relaxed: the lock of the queue orders it with the waking thread.
                || word.load(Relaxed) == expected,
                || {},
                |_, _| {},
                ON_WORD,
                until,
            )
        };
        matches!(result, ParkResult::Unparked(_))
    }

    pub(super) fn wake(word: &AtomicU32, most: u32) -> usize {
        let mut left = most;
        let pick = |token| {
            if token != ON_WORD {
                return FilterOp::Skip;
            }
            if left == 0 {
                return FilterOp::Stop;
            }
            left -= 1;
            FilterOp::Unpark
        };
        // SAFETY: as above.
        unsafe { unpark_filter(std::ptr::from_ref(word).addr(), pick, |_| DEFAULT_UNPARK_TOKEN) }.unparked_threads
    }
}
