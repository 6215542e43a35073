//! Detects loaders and jobs of a pool that wait for each other in a circle.
//!
//! A loader may ask for other keys, of this map or another. If one of those is being loaded, the loader waits. If that
//! other loader waits, directly or through more loaders, for the value that the first one loads, all wait for ever. So
//! before a loader waits, it notes that its flight needs the other flight, and checks that this closes no circle. The
//! smallest circle is a loader that asks for its own key.
//!
//! A job of a pool counts as a flight: a loader or job that waits for the job needs it, and the job needs the flights
//! that it waits for.
//!
//! Only waits on the loader's own thread are seen, while the loader runs or is polled, but not those of tasks and
//! threads that it has started.

use crate::{
    field::removal::without_waiting,
    memory::sync::unmodelled::Mutex,
    memory::sys::fork::{Process, ThreadNumber},
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

thread_local! {
    /// The innermost flight or job whose code runs on this thread now. Zero is none.
    static WITHIN: Cell<u64> = const { Cell::new(0) };
}

/// The flights that each flight needs, in the whole process. Only loaders and jobs that wait have an entry.
static NEEDS: Mutex<Needs> = Mutex::new(Needs { process: Process::NONE, of_flights: BTreeMap::new() });

struct Needs {
    /// The process of the waiting threads.
    process: Process,
    /// By flight: the flights that it needs, each with the thread that has noted it.
    of_flights: BTreeMap<u64, Vec<(u64, ThreadNumber)>>,
}

impl Needs {
    /// In a child of `fork`, forgets the needs of threads that do not exist here. Other threads take over their
    /// flights.
    fn look_for_fork(&mut self) {
        if self.process.note_current() {
            self.of_flights.retain(|_, needed| {
                needed.retain(|(_, thread)| thread.has_forked());
                !needed.is_empty()
            });
        }
    }
}

/// A new number for a flight or a job.
pub(crate) fn new_id() -> u64 {
    // Starts at one: zero is none.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// Runs a job or the loader of a flight. The flight needs what the code waits for.
pub(crate) fn run_as<R>(flight: u64, run: impl FnOnce() -> R) -> R {
    struct Outer(u64);
    impl Drop for Outer {
        fn drop(&mut self) {
            WITHIN.set(self.0);
        }
    }
    let _outer = Outer(WITHIN.replace(flight));
    run()
}

/// Runs the loader of a flight, or polls it.
pub(crate) fn within<R>(flight: u64, run: impl FnOnce() -> R) -> R {
    // A listener may wait for this flight.
    run_as(flight, || without_waiting(run))
}

/// The flight that a loader or a job was about to wait for waits for it.
#[derive(Debug)]
pub(crate) struct Circle;

/// One flight's need of another, until this is dropped.
#[derive(Debug)]
pub(crate) struct Need {
    from: u64,
    to: u64,
}

impl Need {
    /// Notes that the loader or job on this thread, if there is one, needs this flight. O(needs that are noted).
    pub(crate) fn of_this(to: u64) -> Result<Option<Self>, Circle> {
        match WITHIN.get() {
            0 => Ok(None),
            from => Self::new(from, to).map(Some),
        }
    }

    fn new(from: u64, to: u64) -> Result<Self, Circle> {
        let mut needs = NEEDS.lock();
        needs.look_for_fork();
        let (mut reached, mut next) = (vec![to], 0);
        while let Some(&flight) = reached.get(next) {
            if flight == from {
                return Err(Circle);
            }
            for &(needed, _) in needs.of_flights.get(&flight).into_iter().flatten() {
                if !reached.contains(&needed) {
                    reached.push(needed);
                }
            }
            next += 1;
        }
        needs.of_flights.entry(from).or_default().push((to, ThreadNumber::current()));
        Ok(Need { from, to })
    }
}

impl Drop for Need {
    fn drop(&mut self) {
        let needs = &mut NEEDS.lock().of_flights;
        if let Some(of_this) = needs.get_mut(&self.from) {
            if let Some(index) = of_this.iter().position(|&(to, _)| to == self.to) {
                of_this.swap_remove(index);
            }
            if of_this.is_empty() {
                needs.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Circle, NEEDS, Need, within};

    #[test]
    fn cycles_of_any_length_are_found_and_a_diamond_is_none() {
        // Numbers that no flight has yet.
        let flight = |number: u64| u64::MAX - number;
        let needs = |from, to| Need::new(flight(from), flight(to));
        let held = [needs(1, 2), needs(1, 3), needs(2, 4), needs(3, 4), needs(4, 5)].map(Result::unwrap);
        assert!(matches!(needs(1, 1), Err(Circle)));
        assert!(matches!(needs(2, 1), Err(Circle)));
        assert!(matches!(needs(5, 1), Err(Circle)));
        assert!(matches!(within(flight(5), || Need::of_this(flight(3))), Err(Circle)));
        assert!(matches!(Need::of_this(flight(3)), Ok(None)));
        drop(needs(1, 5).unwrap());
        drop(held);
        drop(needs(5, 1).unwrap());
        assert!(NEEDS.lock().of_flights.keys().all(|&from| from < flight(10)), "nothing is left over");
    }
}
