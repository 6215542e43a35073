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
//!   one after the other. If one takes longer than [`PATIENCE`], the waiter begins the next pass that is due, and
//!   another thread becomes the waiter. So up to [`MOST_THREADS`] - 1 maps may be delayed by their own code, and all
//!   others are swept in time. Threads beyond two end when their passes end.
//! - A pass owns its map only for one lock hold, and not while user code runs. So a map that is dropped meanwhile drops
//!   its values at once, on the thread that drops it. Only the entries that the pass has already removed are left to
//!   the pass.
//! - A panic ends the pass, not the thread. Another pass continues after [`AFTER_PANIC`].
//!
//! # Fork
//!
//! A child of `fork` has none of these threads, unless one of them has forked. The next call in the child notices that
//! and resets the schedule. `lib.rs` documents the guarantees.
//!
//! If no thread can be started, only writes remove expired entries, and the next entry that expires tries again.

use crate::{
    contain::contain,
    memory::sync::unmodelled::{Condvar, Mutex},
    memory::sys::fork::Process,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// A map as the background threads see it.
pub(crate) trait Sweep: Send + Sync {
    /// The time until the next pass is due. `None`: none is until the map [rings](Registration::ring).
    fn due_in(&self) -> Option<Duration>;
    /// Makes the next pass do what the last one left undone.
    fn sweep_again(&self);
    /// Does a part of a pass. The first part starts at zero, each other one at the result of its predecessor. `None`
    /// ends the pass. User code runs last, after `self` is dropped.
    fn sweep_part(self: Arc<Self>, from: usize) -> Option<usize>;
}

/// The most threads.
const MOST_THREADS: usize = 512;
/// How long a pass may delay others that are due.
const PATIENCE: Duration = Duration::from_millis(10);
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
    pub(crate) fn new() -> Self {
        Registration { map: OnceLock::new(), number: AtomicU64::new(0) }
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
        let mut schedule = SCHEDULE.lock();
        schedule.reset_after_fork();
        let mut number = self.number.load(Relaxed);
        if number == 0 {
            schedule.last += 1;
            number = schedule.last;
            self.number.store(number, Relaxed);
            schedule.maps.insert(number, Entry { map: Weak::clone(map), next: Next::Nothing });
        }
        schedule.add(number, at);
        schedule.ensure_waiter();
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let number = *self.number.get_mut();
        if number != 0 {
            let mut schedule = SCHEDULE.lock();
            schedule.reset_after_fork();
            if let Some(Entry { next: Next::At(at), .. }) = schedule.maps.remove(&number) {
                schedule.due.remove(&(at, number));
            }
            if schedule.maps.is_empty() {
                // The threads end.
                WAITER.notify_all();
                SPARE.notify_all();
            }
        }
    }
}

static SCHEDULE: Mutex<Schedule> = Mutex::new(Schedule::new());
/// The waiter sleeps here until the next pass is due.
static WAITER: Condvar = Condvar::new();
/// A spare thread sleeps here until there is no waiter.
static SPARE: Condvar = Condvar::new();

/// When a pass over each map is due, and the threads. No user code runs under its lock.
struct Schedule {
    maps: BTreeMap<u64, Entry>,
    due: BTreeSet<(Instant, u64)>,
    /// The last number of a map.
    last: u64,
    /// The process of the threads.
    process: Process,
    threads: usize,
    spare: usize,
    waiter: Waiter,
    /// The number and the start of the latest pass, unless it has ended.
    latest: Option<(u64, Instant)>,
    /// The number of passes ever begun.
    passes: u64,
}

struct Entry {
    map: Weak<dyn Sweep>,
    next: Next,
}

/// Whether there is a waiter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiter {
    Absent,
    /// It sleeps until this time, or until it is notified.
    SleepsUntil(Option<Instant>),
}

/// The next pass over a map.
enum Next {
    Nothing,
    At(Instant),
    /// A pass runs, and another is due at this time.
    InPass(Option<Instant>),
}

/// A pass over a map.
struct Pass {
    number: u64,
    map_number: u64,
    map: Weak<dyn Sweep>,
}

impl Schedule {
    const fn new() -> Self {
        Schedule {
            maps: BTreeMap::new(),
            due: BTreeSet::new(),
            last: 0,
            process: Process::NONE,
            threads: 0,
            spare: 0,
            waiter: Waiter::Absent,
            latest: None,
            passes: 0,
        }
    }

    /// In a child of `fork`, forgets the threads of the parent.
    fn reset_after_fork(&mut self) {
        if !self.process.note_current() {
            return;
        }
        (self.threads, self.spare, self.waiter, self.latest) = (0, 0, Waiter::Absent, None);
        let now = Instant::now();
        for (&number, entry) in &mut self.maps {
            if let Next::InPass(_) = entry.next {
                entry.next = Next::At(now);
                self.due.insert((now, number));
            }
        }
    }

    fn add(&mut self, number: u64, at: Instant) {
        let Some(entry) = self.maps.get_mut(&number) else { return };
        match &mut entry.next {
            Next::InPass(after) => *after = Some(after.map_or(at, |before| before.min(at))),
            Next::At(before) if *before <= at => {}
            next => {
                if let Next::At(before) = mem::replace(next, Next::At(at)) {
                    self.due.remove(&(before, number));
                }
                self.due.insert((at, number));
            }
        }
    }

    /// When the next pass should begin.
    fn next_at(&self) -> Option<Instant> {
        let &(at, _) = self.due.first()?;
        Some(self.latest.map_or(at, |(_, began)| at.max(began + PATIENCE)))
    }

    fn begin(&mut self) -> Option<Pass> {
        let now = Instant::now();
        if self.next_at()? > now {
            return None;
        }
        let (_, map_number) = self.due.pop_first()?;
        let entry = self.maps.get_mut(&map_number)?;
        entry.next = Next::InPass(None);
        self.passes += 1;
        self.latest = Some((self.passes, now));
        Some(Pass { number: self.passes, map_number, map: Weak::clone(&entry.map) })
    }

    fn end(&mut self, pass: &Pass, next: Option<Instant>) {
        if self.latest.is_some_and(|(number, _)| number == pass.number) {
            self.latest = None;
        }
        let Some(entry) = self.maps.get_mut(&pass.map_number) else { return };
        let meanwhile = match mem::replace(&mut entry.next, Next::Nothing) {
            Next::InPass(meanwhile) => meanwhile,
            other => {
                entry.next = other;
                None
            }
        };
        for at in [next, meanwhile].into_iter().flatten() {
            self.add(pass.map_number, at);
        }
    }

    /// Ensures that there is a waiter, and that it does not sleep too long.
    fn ensure_waiter(&mut self) {
        let Some(at) = self.next_at() else { return };
        if let Waiter::SleepsUntil(until) = self.waiter {
            if until.is_none_or(|until| at < until) {
                WAITER.notify_one();
            }
        } else if self.spare > 0 {
            SPARE.notify_one();
        } else if self.threads < MOST_THREADS {
            let thread = thread::Builder::new().name("sharded-sweeper".to_owned());
            self.threads += usize::from(thread.spawn(run).is_ok());
        }
        // Otherwise the first thread that ends its pass becomes the waiter.
    }
}

fn run() {
    let mut schedule = SCHEDULE.lock();
    let mut process = schedule.process;
    while !schedule.maps.is_empty() {
        if let Some(pass) = schedule.begin() {
            schedule.ensure_waiter();
            drop(schedule);
            let next = pass.run();
            schedule = SCHEDULE.lock();
            schedule.reset_after_fork();
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
            schedule.ensure_waiter();
            schedule.spare += 1;
            SPARE.wait(&mut schedule);
            schedule.spare -= 1;
        } else {
            schedule.ensure_waiter();
            break;
        }
    }
    schedule.threads -= 1;
}

impl Pass {
    /// Runs the pass. Returns when the next one is due.
    fn run(&self) -> Option<Instant> {
        // The `Drop` of a value may panic, and so may a custom clock. Each `upgrade` may yield the last owner of the
        // map.
        let run = || {
            // Taken before the map is asked, so that the next pass is not late for entries that fall due in between.
            let mut now = Instant::now();
            let mut wait = self.map.upgrade()?.due_in()?;
            if wait.is_zero() {
                let mut next = Some(0);
                while let Some(from) = next {
                    next = self.map.upgrade()?.sweep_part(from);
                }
                now = Instant::now();
                wait = self.map.upgrade()?.due_in()?;
            }
            now.checked_add(wait)
        };
        contain(run).unwrap_or_else(|| {
            contain(|| self.map.upgrade().map(|map| map.sweep_again()));
            Some(Instant::now() + AFTER_PANIC)
        })
    }
}
