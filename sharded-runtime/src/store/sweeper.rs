//! Background threads, shared by all maps of the process, that remove what has expired.
//!
//! The first thread starts when the first entry that expires is stored, and the last one ends with the last map that had such an
//! entry. A map that has none costs nothing here.
//!
//! # User code
//!
//! A pass over a map runs user code: the `Drop` of what has expired, listeners, clocks. It may take long, and must hold up no other map:
//!
//! - One thread waits for what is due next and never runs user code while it does. Passes mostly run one after the other; but
//!   where one takes longer than [`PATIENCE`], the waiting thread begins the next pass that is due, and another thread waits. So up to
//!   [`MOST`] less one maps can be held up by their own code, and all others are swept in time. Threads beyond two end when
//!   their passes end.
//! - A pass owns its map only for one lock hold, and not while user code runs. So a map that is dropped meanwhile drops its values at
//!   once, on the thread that drops it; only what the pass had taken out already is left to the pass.
//! - A panic ends the pass, not the thread. What the pass did not get to is done after [`AFTER_PANIC`].
//!
//! # Fork
//!
//! A child of `fork` has none of these threads. Whoever comes here next sees that, and forgets them. What is promised to users is said in `lib.rs`.
//!
//! Where no thread can be started, writes alone do the work, and the next entry as above tries again.

use crate::{
    contain::contain,
    memory::sync::unmodelled::{Condvar, Mutex},
    memory::sys::fork::generation,
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
    /// How long there is nothing to do; `None` until it [rings](Registration::ring).
    fn due_in(&self) -> Option<Duration>;
    /// Has the next pass do what the last one did not get to.
    fn sweep_again(&self);
    /// Does a part of a pass: the first one from zero, the others from where the one before says; `None` at the end. User code
    /// runs last, when the map is not owned any more.
    fn sweep_part(self: Arc<Self>, from: usize) -> Option<usize>;
}

/// The most threads.
const MOST: usize = 64;
/// How long a pass holds up others that are due.
const PATIENCE: Duration = Duration::from_millis(10);
/// When a map whose code has panicked is looked at again.
const AFTER_PANIC: Duration = Duration::from_millis(100);

/// That a map is swept as long as this lives. It is known to the threads from the first time that it rings.
pub(crate) struct Registration {
    /// Once it is [bound](Registration::bind).
    map: OnceLock<Weak<dyn Sweep>>,
    /// Zero until it is known. Used under the lock alone.
    number: AtomicU64,
}

impl Registration {
    pub(crate) fn new() -> Self {
        Registration { map: OnceLock::new(), number: AtomicU64::new(0) }
    }

    /// Says which map it is, once there is one to refer to.
    pub(crate) fn bind(&self, map: Weak<dyn Sweep>) {
        self.map.get_or_init(|| map);
    }

    /// Has a thread look at the map in so long, or earlier if it was to do so anyway. O(log n) for n maps.
    pub(crate) fn ring(&self, wait: Duration) {
        let Some(map) = self.map.get() else { return };
        // What is too far away to be counted never comes.
        let Some(at) = Instant::now().checked_add(wait) else { return };
        let mut schedule = SCHEDULE.lock();
        schedule.look_for_fork();
        let mut number = self.number.load(Relaxed);
        if number == 0 {
            schedule.last += 1;
            number = schedule.last;
            self.number.store(number, Relaxed);
            schedule.maps.insert(number, Entry { map: Weak::clone(map), next: Next::Nothing });
        }
        schedule.add(number, at);
        schedule.have_it_kept();
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let number = *self.number.get_mut();
        if number != 0 {
            let mut schedule = SCHEDULE.lock();
            schedule.look_for_fork();
            if let Some(Entry { next: Next::At(at), .. }) = schedule.maps.remove(&number) {
                schedule.due.remove(&(at, number));
            }
            if schedule.maps.is_empty() {
                // They end.
                WAITING.notify_all();
                SPARE.notify_all();
            }
        }
    }
}

static SCHEDULE: Mutex<Schedule> = Mutex::new(Schedule::new());
/// The thread that waits for what is due.
static WAITING: Condvar = Condvar::new();
/// The thread that waits until there is none that waits for what is due.
static SPARE: Condvar = Condvar::new();

/// When each map is due, and the threads. No user code runs under its lock.
struct Schedule {
    maps: BTreeMap<u64, Entry>,
    due: BTreeSet<(Instant, u64)>,
    /// The last number that was given to a map.
    last: u64,
    /// The process that the threads are in, by its [`generation`].
    process: u32,
    threads: usize,
    spare: usize,
    kept: Kept,
    /// The pass that began last, if it has not ended: its number, and when it began.
    latest: Option<(u64, Instant)>,
    passes: u64,
}

struct Entry {
    map: Weak<dyn Sweep>,
    next: Next,
}

/// Whether a thread waits for what is due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    ByNobody,
    /// Until this time, or until it is told.
    Until(Option<Instant>),
}

/// What is to be done with a map.
enum Next {
    Nothing,
    At(Instant),
    /// A pass goes on, and this is due after it.
    InPass(Option<Instant>),
}

/// A pass over a map.
struct Pass {
    number: u64,
    of: u64,
    map: Weak<dyn Sweep>,
}

impl Schedule {
    const fn new() -> Self {
        Schedule {
            maps: BTreeMap::new(),
            due: BTreeSet::new(),
            last: 0,
            process: u32::MAX,
            threads: 0,
            spare: 0,
            kept: Kept::ByNobody,
            latest: None,
            passes: 0,
        }
    }

    /// In the child of a fork, forgets the threads of its parent.
    fn look_for_fork(&mut self) {
        let process = generation();
        if self.process == process {
            return;
        }
        self.process = process;
        (self.threads, self.spare, self.kept, self.latest) = (0, 0, Kept::ByNobody, None);
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

    /// When the next pass is to begin.
    fn next_at(&self) -> Option<Instant> {
        let &(at, _) = self.due.first()?;
        Some(self.latest.map_or(at, |(_, began)| at.max(began + PATIENCE)))
    }

    fn begin(&mut self) -> Option<Pass> {
        let now = Instant::now();
        if self.next_at()? > now {
            return None;
        }
        let (_, of) = self.due.pop_first()?;
        let entry = self.maps.get_mut(&of)?;
        entry.next = Next::InPass(None);
        self.passes += 1;
        self.latest = Some((self.passes, now));
        Some(Pass { number: self.passes, of, map: Weak::clone(&entry.map) })
    }

    fn end(&mut self, pass: &Pass, next: Option<Instant>) {
        if self.latest.is_some_and(|(number, _)| number == pass.number) {
            self.latest = None;
        }
        let Some(entry) = self.maps.get_mut(&pass.of) else { return };
        let meanwhile = match mem::replace(&mut entry.next, Next::Nothing) {
            Next::InPass(meanwhile) => meanwhile,
            other => {
                entry.next = other;
                None
            }
        };
        for at in [next, meanwhile].into_iter().flatten() {
            self.add(pass.of, at);
        }
    }

    /// Sees to it that a thread waits for what is due, and not for too long.
    fn have_it_kept(&mut self) {
        let Some(at) = self.next_at() else { return };
        if let Kept::Until(until) = self.kept {
            if until.is_none_or(|until| at < until) {
                WAITING.notify_one();
            }
        } else if self.spare > 0 {
            SPARE.notify_one();
        } else if self.threads < MOST {
            let thread = thread::Builder::new().name("sharded-sweeper".to_owned());
            self.threads += usize::from(thread.spawn(run).is_ok());
        }
        // Otherwise the first thread that ends its pass does it.
    }
}

fn run() {
    let mut schedule = SCHEDULE.lock();
    while !schedule.maps.is_empty() {
        if let Some(pass) = schedule.begin() {
            schedule.have_it_kept();
            drop(schedule);
            let next = pass.run();
            schedule = SCHEDULE.lock();
            schedule.end(&pass, next);
        } else if schedule.kept == Kept::ByNobody {
            let until = schedule.next_at();
            schedule.kept = Kept::Until(until);
            WAITING.wait_for(&mut schedule, until.map(|until| until.saturating_duration_since(Instant::now())));
            schedule.kept = Kept::ByNobody;
        } else if schedule.spare == 0 {
            // The one that waits may wait for a pass of this thread, which has ended.
            schedule.have_it_kept();
            schedule.spare += 1;
            SPARE.wait(&mut schedule);
            schedule.spare -= 1;
        } else {
            schedule.have_it_kept();
            break;
        }
    }
    schedule.threads -= 1;
}

impl Pass {
    /// Answers when the next one is to begin.
    fn run(&self) -> Option<Instant> {
        // A value's `Drop` may panic, and so may a clock of the user's own. And wherever a map is owned here, this may be its last owner.
        let run = || {
            // What falls due after the map was asked is found in time, as the time is taken before.
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
