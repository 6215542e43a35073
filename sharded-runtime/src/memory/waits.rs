//! The registry of listeners for sleeps: for threads that have slept for a lock.
//!
//! A lock does not know its shard or field. A reference to the field beside each lock would cost memory, and an
//! instruction per access. So a thread that has slept, which takes microseconds, looks up the address of the lock here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Instant,
};

/// The addresses of locks that lie at equal distances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// The address of the first element that has a lock in it.
    pub(crate) first: usize,
    pub(crate) stride: usize,
    /// Bytes of an element, at most the stride.
    pub(crate) size: usize,
    pub(crate) len: usize,
}

impl Extent {
    #[cfg(not(loom))]
    fn contains(&self, address: usize) -> bool {
        let Some(offset) = address.checked_sub(self.first) else { return false };
        offset / self.stride < self.len && offset % self.stride < self.size
    }
}

/// A listener for sleeps. It is called by the thread that now holds the lock, so it must run no user code and take no
/// lock.
pub(crate) trait OnSleep: Send + Sync {
    /// Called when a thread has slept for one of the locks since `since`.
    fn slept(&self, since: Instant);
}

/// By the address of the first element. Maps on several nodes may share their memory, so their extents may interleave.
/// The mutex is that of std, because the sleeps of this crate's own mutex are reported here.
static WATCHED: Mutex<Watched> = Mutex::new(BTreeMap::new());

type Watched = BTreeMap<usize, (Extent, Weak<dyn OnSleep>)>;

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most extents that one lookup checks. More than one is needed only if extents interleave.
#[cfg(not(loom))]
const LOOKS: usize = 256;

/// Locks that are watched until this is dropped.
pub(crate) struct Watch {
    first: usize,
}

impl Watch {
    pub(crate) fn new(extent: Extent, on_sleep: &Arc<dyn OnSleep>) -> Self {
        watched().insert(extent.first, (extent, Arc::downgrade(on_sleep)));
        Watch { first: extent.first }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        watched().remove(&self.first);
    }
}

/// Reports that this thread has slept for a lock. It never waits: a sleep is not reported while another thread uses the
/// registry.
#[cfg(not(loom))]
#[cold]
pub(crate) fn note<T: ?Sized>(lock: &T, since: Instant) {
    let address = std::ptr::from_ref(lock).cast::<()>().addr();
    let Ok(all) = WATCHED.try_lock() else { return };
    let near = all.range(..=address).rev().take(LOOKS).map(|(_, watched)| watched);
    let on_sleep = near.filter(|(extent, _)| extent.contains(address)).find_map(|(_, on_sleep)| on_sleep.upgrade());
    drop(all);
    if let Some(on_sleep) = on_sleep {
        on_sleep.slept(since);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Extent, OnSleep, Watch, note};
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        time::Instant,
    };

    #[derive(Default)]
    struct Count(AtomicU32);
    impl OnSleep for Count {
        fn slept(&self, _: Instant) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// Two maps with interleaved elements.
    #[test]
    fn each_sleep_is_counted_for_the_map_of_the_lock() {
        let locks = [[0_u64; 4]; 8];
        let bytes = size_of_val(&locks[0]);
        let counts = [0, 1].map(|_| Arc::new(Count::default()));
        let watches = [0, 1].map(|map| {
            let first = std::ptr::from_ref(&locks[map]).addr();
            let on_sleep: Arc<dyn OnSleep> = Arc::<Count>::clone(&counts[map]);
            Watch::new(Extent { first, stride: 2 * bytes, size: bytes, len: 3 }, &on_sleep)
        });
        let told = || counts.each_ref().map(|count| count.0.load(Relaxed));
        // A sleep is not reported while the registry is busy, so each one is noted until it is reported.
        let note_all = |lock: usize, expected: [u32; 2]| {
            for word in &locks[lock] {
                let before = told();
                let map = lock % 2;
                while expected[map] > 0 && told() == before {
                    note(word, Instant::now());
                }
            }
        };
        (0..6).for_each(|lock| note_all(lock, [1, 1]));
        assert_eq!(told(), [12, 12]);
        // No map has a lock at these addresses.
        (6..8).for_each(|lock| note(&locks[lock][1], Instant::now()));
        assert_eq!(told(), [12, 12]);
        drop(watches);
        note(&locks[0][0], Instant::now());
        assert_eq!(told(), [12, 12]);
    }
}
