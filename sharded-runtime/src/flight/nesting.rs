//! Loaders that wait for each other in a circle.
//!
//! A loader may ask for other keys, of this map or another. If one of those is being loaded it waits; and if that loader waits in turn, by
//! way of however many others, for what the first is loading, all would wait for ever. So whoever waits from inside a loader notes
//! that the one flight needs the other, and looks first whether that closes a circle. Asking for one's own key is the smallest one.
//!
//! What a task or a thread that the loader has started waits for is not seen: only what runs while the loader itself runs, or is polled.

use crate::{removal::without_waiting, sync::unmodelled::Mutex};
use std::{cell::Cell, collections::BTreeMap};

thread_local! {
    /// The flight whose loader runs on this thread now, the innermost one; zero is none.
    static WITHIN: Cell<u64> = const { Cell::new(0) };
}

/// Which flights each flight needs, in the whole process. Only loaders that ask for keys themselves come here.
static NEEDS: Mutex<BTreeMap<u64, Vec<u64>>> = Mutex::new(BTreeMap::new());

/// Runs the loader of a flight, or polls it.
pub(crate) fn within<R>(flight: u64, run: impl FnOnce() -> R) -> R {
    struct Outer(u64);
    impl Drop for Outer {
        fn drop(&mut self) {
            WITHIN.set(self.0);
        }
    }
    let _outer = Outer(WITHIN.replace(flight));
    // A listener may wait for this flight.
    without_waiting(run)
}

/// What a loader was about to wait for waits for that loader.
#[derive(Debug)]
pub(crate) struct Circle;

/// That one flight needs another, until it is dropped.
#[derive(Debug)]
pub(crate) struct Need {
    from: u64,
    to: u64,
}

impl Need {
    /// Notes that the loader that runs on this thread, if any, needs this flight. O(needs of all loaders that are noted).
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
