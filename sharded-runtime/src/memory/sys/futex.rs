//! Sleeping until a word changes, as Linux's futexes do it.
//!
//! The kernel knows who sleeps, and the process does not. So a child of `fork` inherits no sleeping threads of its parent, as it would
//! with a queue in the process's own memory. Elsewhere than on Linux such a queue is all there is: that of `parking_lot_core`.

use std::{sync::atomic::AtomicU32, time::Duration};

/// Sleeps until [`wake`] picks this thread, unless the word no longer has the expected value. Says whether it was picked: without
/// that, the word has changed, the time is up, or there was no reason at all.
pub(crate) fn wait(word: &AtomicU32, expected: u32, most: Option<Duration>) -> bool {
    system::wait(word, expected, most)
}

/// Wakes so many of the threads that sleep on this word, those that came first before the others. Says how many that were.
///
/// A change of the word that comes before this call is seen by whoever does not sleep yet.
pub(crate) fn wake(word: &AtomicU32, most: u32) -> usize {
    system::wake(word, most)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::futex::{self, Flags, Timespec};
    use std::{sync::atomic::AtomicU32, time::Duration};

    pub(super) fn wait(word: &AtomicU32, expected: u32, most: Option<Duration>) -> bool {
        // A time that can't be written down is for ever.
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
#[allow(unsafe_code, reason = "asks for a queue of threads")]
mod system {
    use parking_lot_core::{
        DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, FilterOp, ParkResult, ParkToken, park, unpark_filter,
    };
    use std::{
        sync::atomic::{AtomicU32, Ordering::Relaxed},
        time::{Duration, Instant},
    };

    /// Tells those who sleep on a word from those who wait otherwise for something at the same address.
    const ON_WORD: ParkToken = ParkToken(DEFAULT_PARK_TOKEN.0 ^ 0x5AFE_F07E);

    pub(super) fn wait(word: &AtomicU32, expected: u32, most: Option<Duration>) -> bool {
        let until = most.and_then(|most| Instant::now().checked_add(most));
        // SAFETY: the key is the address of a word that this crate owns for as long as the call lasts, and whoever sleeps
        // at the same key for another reason has another token; the closures neither panic nor park nor unpark.
        let result = unsafe {
            park(
                std::ptr::from_ref(word).addr(),
                // Relaxed: the lock of the queue orders it with whoever wakes.
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
