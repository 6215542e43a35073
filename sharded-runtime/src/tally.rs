//! Counting without writing what other threads read.

use parking_lot::Mutex;
use std::{
    cell::Cell,
    num::NonZero,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

/// The most threads that have a stripe of their own; whoever comes beyond them shares one.
const MOST: usize = 256;

/// What readers do that have no shard to themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// An access found an entry.
    Hit,
    /// An access found none.
    Miss,
}

const EVENTS: usize = 2;

/// How often each event happened. Many threads add to it, each on a cache line of its own: a counter beside the lock of a shard would be one more
/// line that goes from core to core. The counts are exact.
#[derive(Debug)]
pub(crate) struct Tally {
    stripes: Box<[Stripe]>,
    shared: Stripe,
}

/// What one thread has counted. Two cache lines, since neighbours are fetched in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; EVENTS]);

impl Tally {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let stripes = (0..(4 * cores).clamp(16, MOST)).map(|_| Stripe::default()).collect();
        Tally { stripes, shared: Stripe::default() }
    }

    /// Counts, if this thread has a stripe; otherwise it is to be done by [`add_first`](Tally::add_first).
    #[inline]
    #[must_use]
    pub(crate) fn add(&self, event: Event) -> bool {
        let Some(Stripe(counts)) = self.stripes.get(NUMBER.get()) else { return false };
        let count = &counts[event as usize];
        // No other thread has this number, so nobody adds in between.
        count.store(count.load(Relaxed) + 1, Relaxed);
        true
    }

    /// For a thread that has no number yet, or none that has a stripe.
    #[cold]
    pub(crate) fn add_first(&self, event: Event) {
        if NUMBER.get() == usize::MAX {
            take_number();
        }
        if !self.add(event) {
            self.shared.0[event as usize].fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn get(&self, event: Event) -> u64 {
        self.stripes().map(|stripe| stripe.0[event as usize].load(Relaxed)).sum()
    }

    fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        self.stripes.iter().chain([&self.shared])
    }
}

thread_local! {
    /// A small number that no other thread that is alive has; at first none.
    static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[cold]
fn take_number() {
    /// Numbers of threads that are no more. Whoever takes one sees all that its last owner counted, by this lock.
    static FREE: Mutex<(usize, Vec<usize>)> = Mutex::new((0, Vec::new()));

    struct Owned(usize);
    impl Drop for Owned {
        fn drop(&mut self) {
            // Whoever counts after this, in another destructor, is one of those that share.
            NUMBER.set(usize::MAX - 1);
            FREE.lock().1.push(self.0);
        }
    }
    thread_local! {
        static OWNED: Owned = {
            let (next, free) = &mut *FREE.lock();
            Owned(free.pop().unwrap_or_else(|| {
                *next += 1;
                *next - 1
            }))
        };
    }
    // Not to be had once the thread's destructors run.
    NUMBER.set(OWNED.try_with(|owned| owned.0).unwrap_or(usize::MAX - 1));
}

#[cfg(test)]
mod tests {
    use super::{Event, Tally};
    use std::thread;

    fn count(tally: &Tally, event: Event) {
        if !tally.add(event) {
            tally.add_first(event);
        }
    }

    #[test]
    fn every_count_is_counted() {
        let tally = Tally::new();
        for _ in 0..3 {
            thread::scope(|scope| {
                for thread in 0..40_u64 {
                    let tally = &tally;
                    let event = if thread.is_multiple_of(2) { Event::Hit } else { Event::Miss };
                    scope.spawn(move || (0..1000).for_each(|_| count(tally, event)));
                }
            });
        }
        assert_eq!([Event::Hit, Event::Miss].map(|event| tally.get(event)), [60_000, 60_000]);
    }
}
