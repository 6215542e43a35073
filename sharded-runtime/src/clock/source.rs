//! The clock of a map: the declared one, or one that its builder was given.

use super::{manual::Manual, traits::Clock};

/// A time is short if it is less than this many resolutions of the clock.
const SHORT: u64 = 32;

/// The clock of a map: the declared one, or a manual one that the builder was given in its place.
#[derive(Debug)]
pub(crate) struct TimeSource<C> {
    clock: Source<C>,
    /// Is added to the clock, so that there are times before its zero.
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
    /// Not inlined, so that reading the declared clock spills no registers.
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
    /// `past` is how long before the zero of the clock an entry may have been used: an entry from a saved store may be
    /// older than a new clock. `shortest` is the shortest time of the map, which decides how the clock is read. `None`
    /// if the map needs no time.
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

    /// The time. It is less than `u64::MAX`, so a deadline of `u64::MAX` is never reached.
    #[inline]
    pub(crate) fn nanos(&self) -> u64 {
        let nanos = match &self.clock {
            Source::Declared(clock) => clock.nanos(),
            other => other.nanos(),
        };
        nanos.saturating_add(self.past).min(u64::MAX - 1)
    }

    /// The most that the time may lag behind.
    pub(crate) fn resolution(&self) -> u64 {
        self.resolution
    }

    /// The time by this clock after which at least `time` has passed.
    ///
    /// When an entry is stored, the clock may lag behind by its resolution, so its deadline would come too early by as
    /// much. When the deadline is checked, the clock is never ahead.
    pub(crate) fn lengthened(&self, time: u64) -> u64 {
        if time == 0 { 0 } else { time.saturating_add(self.resolution) }
    }

    pub(crate) fn runs(&self) -> bool {
        C::RUNS && !matches!(self.clock, Source::Manual(_))
    }
}
