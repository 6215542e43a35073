//! Loaders and jobs of a pool that wait for each other in a circle.
//!
//! A loader may ask for other keys, of this map or another. If one of those is being loaded, the loader waits. If that other loader waits, directly
//! or through more loaders, for what the first one loads, all would wait for ever. So a loader that waits notes that its flight needs the other
//! flight, and first looks whether that closes a circle. The smallest circle is a loader that asks for its own key.
//!
//! A job of a pool counts as a flight of its own: a loader or a job that waits for the job needs it, and the job needs what it
//! waits for itself.
//!
//! What another task or thread waits for that the loader has started is not seen: only what runs while the loader itself runs, or is polled.

use crate::{field::removal::without_waiting, memory::sync::unmodelled::Mutex};
use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

thread_local! {
    /// The flight whose loader, or the job that, runs on this thread now, the innermost one; zero is none.
    static WITHIN: Cell<u64> = const { Cell::new(0) };
}

/// Which flights each flight needs, in the whole process. Only loaders and jobs that wait themselves come here.
static NEEDS: Mutex<BTreeMap<u64, Vec<u64>>> = Mutex::new(BTreeMap::new());

/// A number for a flight or a job, which no other has.
pub(crate) fn new_id() -> u64 {
    // Starts at one: zero is none.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// Runs a job, or the loader of a flight: what it waits for, the flight needs.
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

/// What a loader or a job was about to wait for waits for it.
#[derive(Debug)]
pub(crate) struct Circle;

/// That one flight needs another, until it is dropped.
#[derive(Debug)]
pub(crate) struct Need {
    from: u64,
    to: u64,
}

impl Need {
    /// Notes that the loader or the job that runs on this thread, if any, needs this flight. O(needs that are noted).
    pub(crate) fn of_this(to: u64) -> Result<Option<Self>, Circle> {
        match WITHIN.get() {
            0 => Ok(None),
            from => Self::new(from, to).map(Some),
        }
    }

    fn new(from: u64, to: u64) -> Result<Self, Circle> {
        let mut needs = NEEDS.lock();
        let (mut reached, mut next) = (vec![to], 0);
        while let Some(&flight) = reached.get(next) {
            if flight == from {
                return Err(Circle);
            }
            for &needed in needs.get(&flight).into_iter().flatten() {
                if !reached.contains(&needed) {
                    reached.push(needed);
                }
            }
            next += 1;
        }
        needs.entry(from).or_default().push(to);
        Ok(Need { from, to })
    }
}

impl Drop for Need {
    fn drop(&mut self) {
        let mut needs = NEEDS.lock();
        if let Some(of_this) = needs.get_mut(&self.from) {
            if let Some(index) = of_this.iter().position(|&to| to == self.to) {
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
    fn a_circle_of_any_length_is_seen_and_a_diamond_is_none() {
        // Numbers that no real flight has by now.
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
        assert!(NEEDS.lock().keys().all(|&from| from < flight(10)), "nothing is left over");
    }
}
