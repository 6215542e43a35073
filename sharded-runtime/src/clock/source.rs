//! The clock of a map: the declared one, or one that its builder was given.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

use super::{
    manual::Manual,
    time::{Moment, Nanos},
    traits::Clock,
};

use smallvec::SmallVec;
use std::{any::TypeId, ptr};

/// A time is short if it is less than this many resolutions of the clock.
const SHORT: u64 = 32;

/// The clock of a map: the declared one, or a manual one that the builder was given in its place.
#[derive(Debug)]
pub(crate) struct TimeSource<C> {
    clock: Source<C>,
    /// Is added to the clock, so that there are times before its zero.
    past: Nanos,
    resolution: Nanos,
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

/// What a clock is known by: maps of one store that have the same one have one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ClockId {
    clock: TypeId,
    /// Of what its clones share, or of the clock itself. Clocks without any state are one.
    address: usize,
    is_precise: bool,
}

/// What was read of clocks by one call that concerns several maps.
#[derive(Debug, Default)]
pub struct Readings(SmallVec<[(ClockId, u64); 2]>);

impl<C: Clock> Source<C> {
    fn id(&self) -> ClockId {
        let of = |clock: &C| if size_of::<C>() == 0 { 0 } else { ptr::from_ref(clock).addr() };
        match self {
            Source::Declared(clock) => ClockId { clock: TypeId::of::<C>(), address: of(clock), is_precise: false },
            Source::Precise(clock) => ClockId { clock: TypeId::of::<C>(), address: of(clock), is_precise: true },
            Source::Manual(manual) => {
                ClockId { clock: TypeId::of::<Manual>(), address: manual.address(), is_precise: false }
            }
        }
    }
}

impl<C: Clock> TimeSource<C> {
    /// `past` is how long before the zero of the clock an entry may have been used: an entry from a saved store may be
    /// older than a new clock. `shortest` is the shortest time of the map, which decides how the clock is read. `None`
    /// if the map needs no time.
    pub(crate) fn new(instead: Option<Manual>, past: Nanos, shortest: Option<Nanos>) -> Self {
        if let Some(manual) = instead {
            return TimeSource { resolution: Nanos::new(manual.resolution()), clock: Source::Manual(manual), past };
        }
        let clock = C::default();
        let Some(shortest) = shortest else {
            return TimeSource { clock: Source::Declared(clock), past, resolution: Nanos::ZERO };
        };
        let resolution = clock.resolution();
        if shortest.get() < resolution.saturating_mul(SHORT) && clock.precise_nanos().is_some() {
            return TimeSource { clock: Source::Precise(clock), past, resolution: Nanos::ZERO };
        }
        TimeSource { clock: Source::Declared(clock), past, resolution: Nanos::new(resolution) }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        let nanos = match &self.clock {
            Source::Declared(clock) => clock.nanos(),
            other => other.nanos(),
        };
        Moment::from_nanos(nanos.saturating_add(self.past.get()))
    }

    /// As [`now`](TimeSource::now), but a clock that was read before is not read again.
    pub(crate) fn now_once(&self, read: &mut Readings) -> Moment {
        let id = self.clock.id();
        let before = read.0.iter().find(|(other, _)| *other == id).map(|&(_, nanos)| nanos);
        let nanos = before.unwrap_or_else(|| {
            let nanos = match &self.clock {
                Source::Declared(clock) => clock.nanos(),
                other => other.nanos(),
            };
            read.0.push((id, nanos));
            nanos
        });
        Moment::from_nanos(nanos.saturating_add(self.past.get()))
    }

    /// The time since the zero of the clock.
    pub(crate) fn since_zero(&self) -> Nanos {
        self.now().since(Moment::from_nanos(self.past.get()))
    }

    /// The most that the time may lag behind.
    pub(crate) fn resolution(&self) -> Nanos {
        self.resolution
    }

    /// The time by this clock after which at least `time` has passed.
    ///
    /// When an entry is stored, the clock may lag behind by its resolution, so its deadline would come too early by as
    /// much. When the deadline is checked, the clock is never ahead.
    pub(crate) fn lengthened(&self, time: Nanos) -> Nanos {
        if time == Nanos::ZERO { time } else { time.plus(self.resolution) }
    }

    pub(crate) fn runs(&self) -> bool {
        C::RUNS && !matches!(self.clock, Source::Manual(_))
    }
}
