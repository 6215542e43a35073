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

/// Two counts that many threads add to, each on a cache line of its own. They are exact. Where nothing is to be counted, it is
/// made by `default`, without stripes.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    stripes: Box<[Stripe]>,
    shared: Stripe,
}

/// What one thread has counted. Two cache lines, since neighbours are fetched in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let stripes = (0..(4 * cores).clamp(16, MOST)).map(|_| Stripe::default()).collect();
        Tally { stripes, shared: Stripe::default() }
    }

    #[inline]
    pub(crate) fn add(&self, is_hit: bool) {
        let Some(stripe) = self.stripes.get(NUMBER.get()) else { return self.add_first(is_hit) };
        let count = if is_hit { &stripe.hits } else { &stripe.misses };
        // No other thread has this number, so nobody adds in between.
        count.store(count.load(Relaxed) + 1, Relaxed);
    }

    /// For a thread that has no number yet, or none that has a stripe.
    #[cold]
    fn add_first(&self, is_hit: bool) {
        if NUMBER.get() == usize::MAX {
            take_number();
            return self.add(is_hit);
        }
        let count = if is_hit { &self.shared.hits } else { &self.shared.misses };
        count.fetch_add(1, Relaxed);
    }

    pub(crate) fn hits(&self) -> u64 {
        self.stripes().map(|stripe| stripe.hits.load(Relaxed)).sum()
    }

    pub(crate) fn misses(&self) -> u64 {
        self.stripes().map(|stripe| stripe.misses.load(Relaxed)).sum()
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
    use super::Tally;
    use std::thread;

    #[test]
    fn every_count_is_counted() {
        let tally = Tally::new();
        for _ in 0..3 {
            thread::scope(|scope| {
                for thread in 0..40_u64 {
                    let tally = &tally;
                    scope.spawn(move || (0..1000).for_each(|_| tally.add(thread.is_multiple_of(2))));
                }
            });
        }
        assert_eq!((tally.hits(), tally.misses()), (60_000, 60_000));
    }
}
