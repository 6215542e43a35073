use super::traits::{Expiry, sealed, stamp::Stamp};

/// Entries stay until they are removed or evicted: neither `ttl` nor `idle`, or `ttl = never`.
///
/// Entries carry no deadline and no operation reads a clock.
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
    fn set(&self, _: u64, _: u64) {}
    #[inline]
    fn copy(&self, (): &Self) {}
    #[inline]
    fn deadline(&self, _: u64) -> u64 {
        u64::MAX
    }
    #[inline]
    fn accessed(&self, _: u64) {}
}
