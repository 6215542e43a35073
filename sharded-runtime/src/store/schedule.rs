//! When a pass over each map is due, and which passes hold their map. `sweeper.rs` has the threads.

use crate::{
    memory::sync::unmodelled::{Condvar, Mutex, MutexGuard},
    memory::sys::fork::Process,
};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    iter, mem,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

/// A map as the background threads see it.
pub(crate) trait Sweep: Send + Sync {
    /// The time until the next pass is due. `None`: none is until the map rings.
    fn due_in(&self) -> Option<Duration>;
    /// Makes the next pass do what the last one left undone.
    fn sweep_again(&self);
    /// Does a part of a pass. The first part starts at zero, each other one at the result of its predecessor. `None`
    /// ends the pass. Drops of entries run after `self` is dropped and before `hold` is, and listeners after both.
    fn sweep_part(self: Arc<Self>, from: usize, hold: Option<Hold>) -> Option<usize>;
}

/// How long a pass may delay others that are due.
const PATIENCE: Duration = Duration::from_millis(10);

static SCHEDULE: Mutex<Schedule> = Mutex::new(Schedule::new());
/// Threads that drop maps sleep here until a pass no longer holds their map.
pub(super) static RELEASED: Condvar = Condvar::new();

thread_local! {
    /// The number of the map that this thread [holds](Hold), or zero.
    pub(super) static HELD: Cell<u64> = const { Cell::new(0) };
}

/// Locks the schedule, which is that of this process also in a child of `fork`.
pub(super) fn lock() -> MutexGuard<'static, Schedule> {
    let mut schedule = SCHEDULE.lock();
    schedule.reset_after_fork();
    schedule
}

/// When a pass over each map is due, and the threads. No user code runs under its lock.
pub(super) struct Schedule {
    pub(super) maps: BTreeMap<u64, Entry>,
    due: BTreeSet<(Instant, u64)>,
    /// The last number of a map.
    last: u64,
    /// The process of the threads.
    pub(super) process: Process,
    pub(super) threads: usize,
    pub(super) spare: usize,
    pub(super) waiter: Waiter,
    /// The number and the start of the latest pass, unless it has ended.
    latest: Option<(u64, Instant)>,
    /// The number of passes ever begun.
    passes: u64,
}

pub(super) struct Entry {
    map: Weak<dyn Sweep>,
    next: Next,
    /// The number of the pass that holds the map.
    held_by: Option<u64>,
    /// The map whose drop, by the thread that holds this one, waits for another thread.
    waits_for: Option<u64>,
    /// Whether the map is being dropped, so no part begins any more.
    is_closed: bool,
}

/// Whether there is a waiter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiter {
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
pub(super) struct Pass {
    number: u64,
    map_number: u64,
    pub(super) map: Weak<dyn Sweep>,
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
            (entry.held_by, entry.waits_for) = (None, None);
            if let Next::InPass(_) = entry.next {
                entry.next = Next::At(now);
                self.due.insert((now, number));
            }
        }
    }

    /// Adds a map, for which no pass is due yet. Returns its number.
    pub(super) fn register(&mut self, map: Weak<dyn Sweep>) -> u64 {
        self.last += 1;
        let entry = Entry { map, next: Next::Nothing, held_by: None, waits_for: None, is_closed: false };
        self.maps.insert(self.last, entry);
        self.last
    }

    /// Makes a pass over a map due at this time, unless one is due earlier.
    pub(super) fn add(&mut self, number: u64, at: Instant) {
        let Some(entry) = self.maps.get_mut(&number).filter(|entry| !entry.is_closed) else { return };
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

    /// No pass over this map begins any more, nor another part of one.
    pub(super) fn close(&mut self, number: u64) {
        let Some(entry) = self.maps.get_mut(&number) else { return };
        entry.is_closed = true;
        if let Next::At(at) = entry.next {
            entry.next = Next::Nothing;
            self.due.remove(&(at, number));
        }
    }

    pub(super) fn is_held(&self, number: u64) -> bool {
        self.maps.get(&number).is_some_and(|entry| entry.held_by.is_some())
    }

    /// Whether the thread that holds this map is the one that holds `own`, or waits for it, perhaps through others.
    pub(super) fn waits_for(&self, number: u64, own: u64) -> bool {
        let waited_for = |number: &u64| self.maps.get(number)?.waits_for;
        iter::successors(Some(number), waited_for).any(|number| number == own)
    }

    pub(super) fn set_waits_for(&mut self, own: u64, number: Option<u64>) {
        if let Some(entry) = self.maps.get_mut(&own) {
            entry.waits_for = number;
        }
    }

    /// When the next pass should begin.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let &(at, _) = self.due.first()?;
        Some(self.latest.map_or(at, |(_, began)| at.max(began + PATIENCE)))
    }

    pub(super) fn begin(&mut self) -> Option<Pass> {
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

    pub(super) fn end(&mut self, pass: &Pass, next: Option<Instant>) {
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
}

/// While a pass has this, it may own its map, and has entries that it has removed.
pub(crate) struct Hold {
    map_number: u64,
    pass: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        HELD.set(0);
        let mut schedule = lock();
        // In a child of `fork` another pass may hold the map.
        if let Some(entry) = schedule.maps.get_mut(&self.map_number)
            && entry.held_by == Some(self.pass)
        {
            entry.held_by = None;
            if entry.is_closed {
                RELEASED.notify_all();
            }
        }
    }
}

impl Pass {
    /// Holds the map for a part of the pass, unless it is being dropped.
    pub(super) fn hold(&self) -> Option<Hold> {
        let mut schedule = lock();
        let entry = schedule.maps.get_mut(&self.map_number)?;
        if entry.is_closed || entry.held_by.is_some() {
            return None;
        }
        entry.held_by = Some(self.number);
        HELD.set(self.map_number);
        Some(Hold { map_number: self.map_number, pass: self.number })
    }
}
