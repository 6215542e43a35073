//! Counters with a cache line per thread.

use crate::{
    memory::arena::{Late, Offset},
    memory::sync::unmodelled::Mutex,
    topology,
};
use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The most threads with a stripe of their own. The others share one.
const MOST: usize = 256;

/// The events that are counted without an exclusive lock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// An access found an entry.
    Hit,
    /// An access found none.
    Miss,
    /// A call gave an entry back, because there was no room for it.
    Refusal,
    /// A table split a bucket, to grow.
    Split,
    /// A table merged two buckets, to shrink.
    Merge,
    /// A loader began.
    Load,
    /// A loader began, to replace an old value.
    Refresh,
    /// A loader ended, with a value or without.
    LoadEnd,
    /// A loader ended without a value.
    LoadFailure,
    /// A loader took a nanosecond.
    LoadNano,
    /// A call waited for the load of another call.
    LoadWait,
}

const EVENTS: usize = 11;

/// The number of times that each event happened. Each thread adds on a cache line of its own, because a counter beside
/// the lock of a shard would be another line that moves between cores. The counts are exact.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Allocated with the first event, because they are larger than an empty map.
    stripes: Late<Stripe>,
    shared: OnceLock<Box<Stripe>>,
}

/// The counts of one thread. Two cache lines, because adjacent lines are fetched in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; EVENTS]);

impl Tally {
    pub(crate) fn new() -> Self {
        Tally { stripes: Late::new(), shared: OnceLock::new() }
    }

    /// Counts an event, if this thread has a stripe. Otherwise the caller must call [`add_first`](Tally::add_first).
    #[inline]
    #[must_use]
    pub(crate) fn add(&self, event: Event) -> bool {
        self.add_many(event, 1)
    }

    /// As [`add`](Tally::add), for an event that happened several times.
    #[inline]
    #[must_use]
    pub(crate) fn add_many(&self, event: Event, times: u64) -> bool {
        let Some(Stripe(counts)) = self.stripes.get(STRIPE.get()) else { return false };
        let count = &counts[event as usize];
        // No other thread has this stripe, so none adds in between.
        count.store(count.load(Relaxed) + times, Relaxed);
        true
    }

    /// Counts the first event of a map or of a thread, and events of a thread without a stripe.
    #[cold]
    pub(crate) fn add_first(&self, event: Event, times: u64) {
        if self.stripes.elements().is_empty() {
            let stripes = (4 * topology::cpus()).clamp(16, MOST);
            self.stripes.make((0..stripes).map(|_| Stripe::default()).collect());
        }
        if STRIPE.get().is_none() {
            take_number();
        }
        if !self.add_many(event, times) {
            self.add_shared(event, times);
        }
    }

    /// Counts an event for a caller that holds a lock. It neither allocates stripes nor takes a number, which may make
    /// system calls.
    pub(crate) fn add_under_lock(&self, event: Event) {
        if !self.add(event) {
            self.add_shared(event, 1);
        }
    }

    fn add_shared(&self, event: Event, times: u64) {
        self.shared.get_or_init(Box::default).0[event as usize].fetch_add(times, Relaxed);
    }

    pub(crate) fn get(&self, event: Event) -> u64 {
        self.stripes().map(|stripe| stripe.0[event as usize].load(Relaxed)).sum()
    }

    fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        self.stripes.elements().iter().chain(self.shared.get().map(|shared| &**shared))
    }
}

thread_local! {
    /// The offset of the stripe of this thread, which no other live thread has. Initially none.
    static STRIPE: Cell<Offset<Stripe>> = const { Cell::new(Offset::NONE) };
}

#[cold]
fn take_number() {
    /// The next new number, and the numbers of threads that have ended. The lock makes the counts of the last owner of
    /// a number visible to the next.
    static FREE: Mutex<(usize, Vec<usize>)> = Mutex::new((0, Vec::new()));

    struct Owned(usize);
    impl Drop for Owned {
        fn drop(&mut self) {
            // Destructors that count after this use the shared stripe.
            STRIPE.set(Offset::NONE);
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
    // Unavailable once the destructors of the thread run.
    STRIPE.set(OWNED.try_with(|owned| Offset::of(owned.0)).unwrap_or(Offset::NONE));
}

#[cfg(test)]
mod tests {
    use super::{Event, Tally};
    use std::thread;

    fn count(tally: &Tally, event: Event) {
        if !tally.add(event) {
            tally.add_first(event, 1);
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
