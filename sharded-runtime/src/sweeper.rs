//! One background thread per process that removes what has expired.
//!
//! It starts with the first map whose entries expire, holds every such map weakly, sleeps until something is due, and ends
//! with the last of them. A map that is dropped while it is being swept lives until that pass over it ends (the lock is released
//! every few entries, so nobody waits for it), and its values may then be dropped on this thread. A panic in a value's `Drop` is
//! caught here: it ends the pass over that map, not the thread.
//!
//! A process made by `fork` has no such thread, as it has none of its parent's: in it, writes still remove what has expired, and
//! the next map that is built starts the thread anew. As with any lock, a fork at the very moment when another thread
//! holds one (of a shard, or of this module) leaves it locked in the child for ever. Where no thread can be started, writes alone do the work.

use parking_lot::{Condvar, Mutex};
use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

/// A map as the background thread sees it.
pub(crate) trait Sweep: Send + Sync {
    /// Removes what has expired.
    fn sweep_due(&self);
    /// Has the next pass begin at once.
    fn sweep_again(&self);
    /// How long there is nothing to do; `None` until the thread is woken.
    fn due_in(&self) -> Option<Duration>;
}

static SWEEPER: Mutex<Sweeper> = Mutex::new(Sweeper { maps: Vec::new(), thread_of: None, is_woken: false });
static WAKE: Condvar = Condvar::new();

struct Sweeper {
    maps: Vec<Weak<dyn Sweep>>,
    /// The process that has the thread.
    thread_of: Option<u32>,
    is_woken: bool,
}

/// Has a map swept as long as it lives.
pub(crate) fn register(map: Weak<dyn Sweep>) {
    let mut sweeper = SWEEPER.lock();
    // Where no thread could be started, nobody else forgets those that are gone.
    sweeper.maps.retain(|map| map.strong_count() > 0);
    sweeper.maps.push(map);
    let process = std::process::id();
    if sweeper.thread_of != Some(process) {
        let thread = thread::Builder::new().name("sharded-sweeper".to_owned());
        sweeper.thread_of = thread.spawn(run).ok().map(|_| process);
    }
}

/// Has the thread look again when it must act: something is due earlier, or a map is gone.
pub(crate) fn wake() {
    SWEEPER.lock().is_woken = true;
    WAKE.notify_one();
}

/// When the thread looks again at a map whose code has panicked: what the pass did not get to is still to do.
const AFTER_PANIC: Duration = Duration::from_millis(100);

fn run() {
    while let Some(maps) = living() {
        // What falls due after a map was looked at is found in time, as the time is taken before.
        let now = Instant::now();
        let look = |map: &dyn Sweep| {
            if map.due_in().is_some_and(|wait| wait.is_zero()) {
                map.sweep_due();
            }
            map.due_in()
        };
        let look = |map: &Arc<dyn Sweep>| {
            // A value's `Drop` may panic, and so may a clock of the user's own.
            contain(|| look(&**map)).unwrap_or_else(|| {
                map.sweep_again();
                Some(AFTER_PANIC)
            })
        };
        let wait = maps.iter().filter_map(look).min();
        // This may be the last owner of a map.
        let _ = contain(move || drop(maps));
        sleep(wait.and_then(|wait| now.checked_add(wait)));
    }
}

/// What user code answers, or `None` where it panics.
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run))
        // What the panic carries may panic again when it is dropped, so it never is.
        .map_err(mem::forget)
        .ok()
}

/// The maps that are still there, or `None` where there are none and the thread is to end.
fn living() -> Option<Vec<Arc<dyn Sweep>>> {
    let mut sweeper = SWEEPER.lock();
    sweeper.is_woken = false;
    let mut maps = Vec::new();
    sweeper.maps.retain(|map| match map.upgrade() {
        Some(map) => {
            maps.push(map);
            true
        }
        None => false,
    });
    if maps.is_empty() {
        sweeper.thread_of = None;
        return None;
    }
    Some(maps)
}

fn sleep(until: Option<Instant>) {
    let mut sweeper = SWEEPER.lock();
    while !sweeper.is_woken {
        match until {
            Some(until) => {
                if WAKE.wait_until(&mut sweeper, until).timed_out() {
                    return;
                }
            }
            None => WAKE.wait(&mut sweeper),
        }
    }
}
