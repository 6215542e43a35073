use super::traits::{Expires, Expiry, TracksAccess, sealed, stamp::Stamp};
use crate::clock::{AtomicDeadline, AtomicMoment, Deadline, Moment, Nanos};
use std::sync::atomic::Ordering;

/// Entries expire some time after their last use: `idle = "30m"`. With a `ttl` as well, they expire at the earlier of
/// the two times.
///
/// Each read that finds the entry is a use, and so is each write. [`contains_key`](crate::ShardedMap::contains_key),
/// [`ttl_of`](crate::ShardedMap::ttl_of), iteration and snapshots are not. A read under a shared lock notes its use
/// with one write to the entry, only if the clock has moved since the last use. Each entry takes sixteen more bytes.
///
/// Under [`Rcu`](crate::lock::Rcu) a read notes its use only if a sixteenth of the idle time has passed since the last
/// one that was noted, and takes the lock for that. So an entry may expire up to a sixteenth of the idle time too
/// early.
#[derive(Debug)]
pub enum AfterAccess {}

impl sealed::Sealed for AfterAccess {}
impl Expires for AfterAccess {}
impl TracksAccess for AfterAccess {}
impl Expiry for AfterAccess {
    type Stamp = AccessStamp;
}

/// The deadline of an entry, and the time of its last use.
#[derive(Debug)]
pub struct AccessStamp {
    deadline: AtomicDeadline,
    accessed: AtomicMoment,
}

impl Stamp for AccessStamp {
    const EXPIRES: bool = true;
    const TRACKS_ACCESS: bool = true;

    #[inline]
    fn set(&self, now: Moment, deadline: Deadline) {
        self.deadline.store(deadline, Ordering::Relaxed);
        self.accessed.store(now, Ordering::Relaxed);
    }

    #[inline]
    fn copy(&self, from: &Self) {
        self.set(from.accessed.load(Ordering::Relaxed), from.deadline.load(Ordering::Relaxed));
    }

    #[inline]
    fn deadline(&self, idle: Nanos) -> Deadline {
        self.deadline.load(Ordering::Relaxed).or_earlier(self.accessed.load(Ordering::Relaxed).plus(idle))
    }

    #[inline]
    fn used(&self) -> Moment {
        self.accessed.load(Ordering::Relaxed)
    }

    #[inline]
    fn accessed(&self, now: Moment) {
        // Only forward: two readers may note their uses in either order. The clock is coarse, so mostly only the load
        // is done.
        if self.accessed.load(Ordering::Relaxed).is_before(now) {
            self.accessed.raise(now, Ordering::Relaxed);
        }
    }
}
