//! Waits for the locks of a field.

use super::events::{self, Names};
use crate::{
    clock::Nanos,
    memory::waits::{Extent, OnSleep, Watch},
};
use std::{
    ops::{AddAssign, Sub},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Waits for the locks of a map's shards, a part of [`Stats`](crate::Stats).
///
/// A thread that finds a lock taken first spins for some microseconds. A wait is counted, and its time begins, when the
/// thread stops spinning. A wait is not counted if, at its end, another thread of the process counts a wait, or builds
/// or drops a map. So the counts are lower bounds. A lock that is not of this crate is counted if it calls
/// [`note_wait`](crate::lock::note_wait).
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::{collections::HashMap, thread, time::Duration};
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, u32>,
/// }
/// let shop = Shop::new();
/// shop.carts().insert(1, 1);
/// thread::scope(|scope| {
///     shop.carts().with(&1, |_| {
///         scope.spawn(|| shop.carts().insert(1, 2));
///         thread::sleep(Duration::from_millis(200));
///     });
/// });
/// let waits = shop.carts().stats().lock_waits;
/// println!("{} waits, {:?} in all, {} of 10 ms or more", waits.count, waits.time, waits.by_length[4]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockWaits {
    /// How many there were.
    pub count: u64,
    /// How long they were together.
    pub time: Duration,
    /// The waits by their length: below 10 us, below 100 us, below 1 ms, below 10 ms, and 10 ms or longer. Each wait
    /// counts once.
    pub by_length: [u64; 5],
}

impl Sub for LockWaits {
    type Output = LockWaits;

    fn sub(self, before: LockWaits) -> LockWaits {
        let mut by_length = self.by_length;
        by_length.iter_mut().zip(before.by_length).for_each(|(count, before)| *count = count.saturating_sub(before));
        LockWaits {
            count: self.count.saturating_sub(before.count),
            time: self.time.saturating_sub(before.time),
            by_length,
        }
    }
}

impl AddAssign for LockWaits {
    fn add_assign(&mut self, other: LockWaits) {
        let LockWaits { count, time, by_length } = other;
        self.count += count;
        self.time = self.time.saturating_add(time);
        self.by_length.iter_mut().zip(by_length).for_each(|(sum, count)| *sum += count);
    }
}

/// Watches the locks of a field.
pub(crate) struct WatchedLocks {
    waits: Arc<Waits>,
    _watch: Watch,
}

struct Waits {
    names: &'static Names,
    nanos: AtomicU64,
    by_length: [AtomicU64; 5],
}

impl WatchedLocks {
    pub(crate) fn new(names: &'static Names, extent: Extent) -> Self {
        let waits = Arc::new(Waits { names, nanos: AtomicU64::new(0), by_length: Default::default() });
        let on_sleep: Arc<dyn OnSleep> = Arc::<Waits>::clone(&waits);
        WatchedLocks { waits, _watch: Watch::new(extent, &on_sleep) }
    }

    pub(crate) fn get(&self) -> LockWaits {
        let by_length = self.waits.by_length.each_ref().map(|count| count.load(Relaxed));
        let time = Duration::from_nanos(self.waits.nanos.load(Relaxed));
        LockWaits { count: by_length.iter().sum(), time, by_length }
    }
}

impl OnSleep for Waits {
    fn slept(&self, since: Instant) {
        let nanos = Nanos::from_duration(since.elapsed()).get();
        self.nanos.fetch_add(nanos, Relaxed);
        let length = [10_000, 100_000, 1_000_000, 10_000_000].partition_point(|&bound| bound <= nanos);
        self.by_length[length].fetch_add(1, Relaxed);
        events::lock_waited(self.names, nanos);
    }
}
