//! What tells the time: one file per choice.

mod boot;
mod manual;
mod system;

pub use boot::Boot;
pub(crate) use manual::to_nanos;
pub use manual::{Backwards, Manual};
pub use system::System;

/// A source of time for expiry, chosen with `clock = …`.
///
/// [`System`] is the default; [`Boot`] counts the time of a suspend as well. A clock of one's own is named by a path: `clock = self::GameTime`. Every map has a clock
/// of its own, made by `Default`; what clocks are to share belongs into a static. A [`Manual`] clock that is given to a store's
/// builder is shared by all its maps.
///
/// # Examples
///
/// ```
/// use sharded::clock::{Clock, System};
///
/// /// Time in which a second lasts a minute.
/// #[derive(Default)]
/// struct Fast(System);
///
/// impl Clock for Fast {
///     const RUNS: bool = false; // not at the pace of a wall clock
///     fn nanos(&self) -> u64 {
///         self.0.nanos().saturating_mul(60)
///     }
/// }
/// let clock = Fast::default();
/// assert!(clock.nanos() <= clock.nanos());
/// ```
pub trait Clock: Default + Send + Sync + 'static {
    /// Whether time passes by itself at the pace of a wall clock, so that the background thread can tell how long to sleep.
    /// Where it does not, expired entries are removed by writes and by `sweep()` alone.
    const RUNS: bool;

    /// Nanoseconds since some fixed moment. It must not go backwards: an entry that had expired would be readable again
    /// until it is swept.
    fn nanos(&self) -> u64;
}

/// The clock that a map goes by: the declared one, or a manual one given to the builder in its place.
#[derive(Debug)]
pub(crate) struct TimeSource<C> {
    clock: Source<C>,
    past: u64,
}

#[derive(Debug)]
enum Source<C> {
    Declared(C),
    Manual(Manual),
}

impl<C: Clock> TimeSource<C> {
    /// In this time the clock's zero has so much time before it: an entry that comes from a snapshot was used before a clock that is new.
    pub(crate) fn new(instead: Option<Manual>, past: u64) -> Self {
        TimeSource { clock: instead.map_or_else(|| Source::Declared(C::default()), Source::Manual), past }
    }

    /// The time, below `u64::MAX`: a deadline there is never reached.
    #[inline]
    pub(crate) fn nanos(&self) -> u64 {
        let nanos = match &self.clock {
            Source::Declared(clock) => clock.nanos(),
            Source::Manual(clock) => clock.nanos(),
        };
        nanos.saturating_add(self.past).min(u64::MAX - 1)
    }

    pub(crate) fn runs(&self) -> bool {
        matches!(self.clock, Source::Declared(_)) && C::RUNS
    }
}
