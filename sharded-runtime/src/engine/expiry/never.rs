use super::traits::{Expiry, sealed, stamp::Stamp};
use crate::clock::{Deadline, Moment, Nanos};

/// Entries never expire: neither `ttl` nor `idle`, or `ttl = never`.
///
/// Entries have no deadline, and no operation reads a clock.
#[derive(Debug)]
pub enum Never {}

impl sealed::Sealed for Never {}
impl Expiry for Never {
    type Stamp = ();
}

impl Stamp for () {
    const EXPIRES: bool = false;
    const TRACKS_ACCESS: bool = false;

    #[inline]
    fn set(&self, _: Moment, _: Deadline) {}
    #[inline]
    fn copy(&self, (): &Self) {}
    #[inline]
    fn deadline(&self, _: Nanos) -> Deadline {
        Deadline::NEVER
    }
    #[inline]
    fn used(&self) -> Moment {
        Moment::ZERO
    }

    #[inline]
    fn accessed(&self, _: Moment) {}
}
