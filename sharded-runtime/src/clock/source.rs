//! What tells a map the time: the declared clock, or one that its builder was given.

use super::{manual::Manual, traits::Clock};

/// A time is short below so many resolutions of the clock.
const SHORT: u64 = 32;

/// The clock that a map goes by: the declared one, or a manual one given to the builder in its place.
#[derive(Debug)]
pub(crate) struct TimeSource<C> {
    clock: Source<C>,
    past: u64,
    resolution: u64,
}

#[derive(Debug)]
enum Source<C> {
    Declared(C),
    /// The declared clock, read precisely.
    Precise(C),
    Manual(Manual),
}

impl<C: Clock> Source<C> {
    /// (Not inlined, so that nothing has to be kept for it where the declared clock is read.)
    #[cold]
    #[inline(never)]
    fn nanos(&self) -> u64 {
        match self {
            Source::Declared(clock) => clock.nanos(),
            Source::Precise(clock) => clock.precise_nanos().unwrap_or_else(|| clock.nanos()),
            Source::Manual(clock) => clock.nanos(),
        }
    }
}

impl<C: Clock> TimeSource<C> {
    /// In this time the clock's zero has so much time before it: an entry that comes from a snapshot was used before a clock that is new. The
    /// shortest time of the map decides how the clock is read; `None` where nobody asks for the time.
    pub(crate) fn new(instead: Option<Manual>, past: u64, shortest: Option<u64>) -> Self {
        if let Some(manual) = instead {
            return TimeSource { resolution: manual.resolution(), clock: Source::Manual(manual), past };
        }
        let clock = C::default();
        let Some(shortest) = shortest else {
            return TimeSource { clock: Source::Declared(clock), past, resolution: 0 };
        };
        let resolution = clock.resolution();
        if shortest < resolution.saturating_mul(SHORT) && clock.precise_nanos().is_some() {
            return TimeSource { clock: Source::Precise(clock), past, resolution: 0 };
        }
        TimeSource { clock: Source::Declared(clock), past, resolution }
    }

    /// The time, below `u64::MAX`: a deadline there is never reached.
    #[inline]
    pub(crate) fn nanos(&self) -> u64 {
        let nanos = match &self.clock {
            Source::Declared(clock) => clock.nanos(),
            other => other.nanos(),
        };
        nanos.saturating_add(self.past).min(u64::MAX - 1)
    }

    /// By how much the time may be behind.
    pub(crate) fn resolution(&self) -> u64 {
        self.resolution
    }

    /// How long an entry lives by this clock that is to live for this long at least.
    ///
    /// The time at which it is stored may be behind by the resolution, so its deadline would come too early by as much. The time at
    /// which the deadline is looked at is never ahead.
    pub(crate) fn lengthened(&self, time: u64) -> u64 {
        if time == 0 { 0 } else { time.saturating_add(self.resolution) }
    }

    pub(crate) fn runs(&self) -> bool {
        C::RUNS && !matches!(self.clock, Source::Manual(_))
    }
}
