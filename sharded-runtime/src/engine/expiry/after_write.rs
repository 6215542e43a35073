use super::traits::{Expires, Expiry, sealed, stamp::Stamp};
use crate::clock::{AtomicDeadline, Deadline, Moment, Nanos};
use std::sync::atomic::Ordering;

/// Entries expire some time after they were inserted or replaced: `ttl = "5m"`.
///
/// Changing a value in place does not restart the time, but [`touch`](crate::ShardedMap::touch) does. Each entry takes
/// eight more bytes.
#[derive(Debug)]
pub enum AfterWrite {}

impl sealed::Sealed for AfterWrite {}
impl Expires for AfterWrite {}
impl Expiry for AfterWrite {
    type Stamp = WriteStamp;
}

/// The deadline of an entry.
#[derive(Debug)]
pub struct WriteStamp {
    deadline: AtomicDeadline,
}

impl Stamp for WriteStamp {
    const EXPIRES: bool = true;
    const TRACKS_ACCESS: bool = false;

    #[inline]
    fn set(&self, _: Moment, deadline: Deadline) {
        self.deadline.store(deadline, Ordering::Relaxed);
    }
    #[inline]
    fn copy(&self, from: &Self) {
        self.deadline.store(from.deadline.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    #[inline]
    fn deadline(&self, _: Nanos) -> Deadline {
        self.deadline.load(Ordering::Relaxed)
    }
    #[inline]
    fn used(&self) -> Moment {
        Moment::ZERO
    }

    #[inline]
    fn accessed(&self, _: Moment) {}
}
