//! Background threads, shared by all maps of the process, that remove expired entries.
//!
//! The first thread starts when the first entry that expires is stored. The last one ends when the last map with such
//! an entry is dropped. A map without such entries costs nothing here.
//!
//! # User code
//!
//! A pass over a map runs user code: the `Drop` of expired entries, listeners, clocks. It may take long, and must not
//! delay other maps:
//!
//! - One thread, the *waiter*, waits for the next pass that is due, and runs no user code meanwhile. Passes mostly run
//!   one after the other. If one takes longer than ten milliseconds, the waiter begins the next pass that is due, and
//!   another thread becomes the waiter. So up to [`MOST_THREADS`] - 1 maps may be delayed by their own code, and all
//!   others are swept in time. Threads beyond two end when their passes end.
//! - A pass is divided into parts, of about one lock hold each. A part holds its map until it has dropped what it
//!   has removed, and calls listeners after that. The drop of a map first [ends the passes](Registration::end_passes):
//!   it waits for the part, but not for listeners. So no value outlives the drop of its map, except those that are with
//!   a listener.
//! - A panic ends the pass, not the thread. Another pass continues after [`AFTER_PANIC`].
//!
//! # Fork
//!
//! A child of `fork` has none of these threads, unless one of them has forked. The next call in the child notices that
//! and resets the schedule. `lib.rs` documents the guarantees.
//!
//! If no thread can be started, only writes remove expired entries, and the next entry that expires tries again.

use super::schedule::{self, HELD, Pass, RELEASED, Schedule, Sweep, Waiter};
use crate::{contain::contain, memory::sync::unmodelled::Condvar};
use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// The most threads.
const MOST_THREADS: usize = 512;
/// The time from a panic in a pass to the next pass over the same map.
const AFTER_PANIC: Duration = Duration::from_millis(100);

/// A map is swept while this lives, once it has rung.
pub(crate) struct Registration {
    /// Set by [`bind`](Registration::bind).
    map: OnceLock<Weak<dyn Sweep>>,
    /// The number of the map in the schedule, or zero before it has rung. Used only under the lock of the schedule.
    number: AtomicU64,
}

impl Registration {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Registration { map: OnceLock::new(), number: AtomicU64::new(0) })
    }

    /// Sets the map, once it exists.
    pub(crate) fn bind(&self, map: Weak<dyn Sweep>) {
        self.map.get_or_init(|| map);
    }

    /// Makes a pass over the map due after this time, unless one is due earlier. O(log n) for n maps.
    pub(crate) fn ring(&self, wait: Duration) {
        let Some(map) = self.map.get() else { return };
        // A time that can't be represented never comes.
        let Some(at) = Instant::now().checked_add(wait) else { return };
        let mut schedule = schedule::lock();
        let mut number = self.number.load(Relaxed);
        if number == 0 {
            number = schedule.register(Weak::clone(map));
            self.number.store(number, Relaxed);
        }
        schedule.add(number, at);
        ensure_waiter(&mut schedule);
    }

    /// Ends the passes over the map, which is about to be dropped. If another thread is in a part of one, waits until
    /// that has dropped what it has removed, unless this thread must not wait, or the other one waits for it.
    pub(crate) fn end_passes(&self, may_wait: impl Fn() -> bool) {
        // Relaxed: nobody else uses the map, except passes, which begin after it has rung.
        let number = self.number.load(Relaxed);
        if number == 0 {
            return;
        }
        let mut schedule = schedule::lock();
        schedule.close(number);
        let own = HELD.get();
        while schedule.is_held(number) && !schedule.waits_for(number, own) && may_wait() {
            schedule.set_waits_for(own, Some(number));
            RELEASED.wait(&mut schedule);
        }
        schedule.set_waits_for(own, None);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let number = *self.number.get_mut();
        if number != 0 {
            let mut schedule = schedule::lock();
            schedule.close(number);
            schedule.maps.remove(&number);
            if schedule.maps.is_empty() {
                // The threads end.
                WAITER.notify_all();
                SPARE.notify_all();
            }
        }
    }
}

/// The waiter sleeps here until the next pass is due.
static WAITER: Condvar = Condvar::new();
/// A spare thread sleeps here until there is no waiter.
static SPARE: Condvar = Condvar::new();

/// Ensures that there is a waiter, and that it does not sleep too long.
fn ensure_waiter(schedule: &mut Schedule) {
    let Some(at) = schedule.next_at() else { return };
    if let Waiter::SleepsUntil(until) = schedule.waiter {
        if until.is_none_or(|until| at < until) {
            WAITER.notify_one();
        }
    } else if schedule.spare > 0 {
        SPARE.notify_one();
    } else if schedule.threads < MOST_THREADS {
        let thread = thread::Builder::new().name("sharded-sweeper".to_owned());
        schedule.threads += usize::from(thread.spawn(run).is_ok());
    }
    // Otherwise the first thread that ends its pass becomes the waiter.
}

fn run() {
    let mut schedule = schedule::lock();
    let mut process = schedule.process;
    while !schedule.maps.is_empty() {
        if let Some(pass) = schedule.begin() {
            ensure_waiter(&mut schedule);
            drop(schedule);
            let next = pass.run();
            schedule = schedule::lock();
            if schedule.process != process {
                // User code of the pass has forked, so this thread is in the child, too.
                process = schedule.process;
                schedule.threads += 1;
            }
            schedule.end(&pass, next);
        } else if schedule.waiter == Waiter::Absent {
            let until = schedule.next_at();
            schedule.waiter = Waiter::SleepsUntil(until);
            WAITER.wait_for(&mut schedule, until.map(|until| until.saturating_duration_since(Instant::now())));
            schedule.waiter = Waiter::Absent;
        } else if schedule.spare == 0 {
            // The waiter may be waiting for the pass of this thread, which has ended.
            ensure_waiter(&mut schedule);
            schedule.spare += 1;
            SPARE.wait(&mut schedule);
            schedule.spare -= 1;
        } else {
            ensure_waiter(&mut schedule);
            break;
        }
    }
    schedule.threads -= 1;
}

impl Pass {
    /// The time until the next pass is due.
    fn due_in(&self) -> Option<Duration> {
        let _hold = self.hold()?;
        self.map.upgrade()?.due_in()
    }

    /// Runs the pass. Returns when the next one is due.
    fn run(&self) -> Option<Instant> {
        // The `Drop` of a value may panic, and so may a custom clock.
        let run = || {
            // Taken before the map is asked, so that the next pass is not late for entries that fall due in between.
            let mut now = Instant::now();
            let mut wait = self.due_in()?;
            if wait.is_zero() {
                let mut next = Some(0);
                while let Some(from) = next {
                    let hold = self.hold()?;
                    next = self.map.upgrade()?.sweep_part(from, Some(hold));
                }
                now = Instant::now();
                wait = self.due_in()?;
            }
            now.checked_add(wait)
        };
        contain(run).unwrap_or_else(|| {
            contain(|| {
                let _hold = self.hold()?;
                self.map.upgrade().map(|map| map.sweep_again())
            });
            Some(Instant::now() + AFTER_PANIC)
        })
    }
}
