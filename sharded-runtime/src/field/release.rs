//! When the background thread releases retired entries, and how many there are.

use crate::{
    memory::{reclaim::Grace, sync::unmodelled::Mutex},
    store::sweeper::Registration,
};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// The time from a write to the pass of the background thread that releases what the write has retired.
const DELAY: Duration = Duration::from_millis(250);

/// Has the background thread release retired entries.
pub(crate) struct Release {
    background: Arc<Registration>,
    /// When it is due: in milliseconds of [`now`]. Zero if it is not.
    ///
    /// Relaxed: what is to be released is found under the lock of its shard.
    due: AtomicU64,
    /// The grace period that all shards share in the current pass, or had in the last one.
    grace: Mutex<Option<Grace>>,
}

impl Release {
    pub(super) fn new() -> Self {
        Release { background: Registration::new(), due: AtomicU64::new(0), grace: Mutex::new(None) }
    }

    pub(super) fn background(&self) -> &Arc<Registration> {
        &self.background
    }

    /// There are retired entries.
    #[inline]
    pub(super) fn schedule(&self) {
        if self.due.load(Relaxed) == 0 {
            self.schedule_first();
        }
    }

    #[cold]
    fn schedule_first(&self) {
        if self.due.compare_exchange(0, millis(now() + DELAY), Relaxed, Relaxed).is_ok() {
            self.background.ring(DELAY);
        }
    }

    /// A pass begins. What is retired from now on is for the next one.
    pub(super) fn begin(&self) {
        self.due.store(0, Relaxed);
        // For a new map it only prepares the barrier of writers, see `reclaim::prepare`.
        *self.grace.lock() = Grace::begin();
    }

    /// The grace period of the current pass.
    pub(super) fn grace(&self) -> Option<Grace> {
        self.grace.lock().clone()
    }

    /// The time until a pass is due.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let due = self.due.load(Relaxed);
        (due != 0).then(|| Duration::from_millis(due).saturating_sub(now()))
    }
}

/// How many retired entries each shard has. Relaxed: who holds the lock of the shard writes, and the number orders
/// nothing.
#[derive(Default)]
pub(crate) struct RetiredCounts(Box<[Count]>);

/// On a line of its own, since writers of different shards write it.
#[repr(align(64))]
#[derive(Default)]
struct Count(AtomicUsize);

impl RetiredCounts {
    pub(super) fn new(shards: usize) -> Self {
        RetiredCounts((0..shards).map(|_| Count::default()).collect())
    }

    #[inline]
    pub(super) fn set(&self, shard: usize, entries: usize) {
        if let Some(Count(count)) = self.0.get(shard) {
            count.store(entries, Relaxed);
        }
    }

    pub(super) fn sum(&self) -> usize {
        self.0.iter().map(|Count(count)| count.load(Relaxed)).sum()
    }
}

/// The time since the first call.
fn now() -> Duration {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed()
}

/// At least one.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
