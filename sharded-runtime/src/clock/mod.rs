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
/// # How early and how late an entry expires
///
/// Never early. Where the clock is coarse, every time to live and every idle time (but those of zero, which are over at once) is longer by
/// the clock's [`resolution`](Clock::resolution) for that, so an entry can be read that much too long, and once more that much until the clock shows that its time is over:
/// **it is not seen any more from two resolutions after its time on.** That is 16 ms for `System` on Linux at the usual `HZ=250`, and nothing for a clock whose
/// resolution is zero, such as [`Boot`].
///
/// A map whose own times are short reads the clock [precisely](Clock::precise_nanos), if the clock can be read so, and is exact then. Its times are short where its `ttl` (less the
/// `ttl_jitter`), its `idle` time or its `refresh_after`, as declared or as built, is below 32 resolutions: 256 ms for that `System`. The time to live of a single entry makes no difference to
/// this.
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

    /// By how many nanoseconds [`nanos`](Clock::nanos) may be behind the time, at most: zero, unless a clock says otherwise. It is never ahead. Asked once by each map.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::clock::{Boot, Clock, System};
    ///
    /// // The longest that an entry may stay readable after its time.
    /// println!("{} ns", 2 * System::default().resolution());
    /// # #[cfg(target_os = "linux")]
    /// assert_eq!(Boot::default().resolution(), 0);
    /// ```
    fn resolution(&self) -> u64 {
        0
    }

    /// The time exactly, in nanoseconds since the same moment, where that takes longer to find out than [`nanos`](Clock::nanos). `None`, always, unless a
    /// clock says otherwise. Maps read it whose times are short beside the [`resolution`](Clock::resolution).
    ///
    /// # Examples
    ///
    /// A clock that someone else moves on, every ten milliseconds:
    ///
    /// ```
    /// use sharded::clock::Clock;
    /// use std::{sync::{LazyLock, atomic::{AtomicU64, Ordering}}, time::Instant};
    ///
    /// static TICKS: AtomicU64 = AtomicU64::new(0);
    /// static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    ///
    /// #[derive(Default)]
    /// struct Ticking;
    ///
    /// impl Clock for Ticking {
    ///     const RUNS: bool = true;
    ///     fn nanos(&self) -> u64 {
    ///         10_000_000 * TICKS.load(Ordering::Relaxed)
    ///     }
    ///     fn resolution(&self) -> u64 {
    ///         10_000_000
    ///     }
    ///     fn precise_nanos(&self) -> Option<u64> {
    ///         u64::try_from(START.elapsed().as_nanos()).ok()
    ///     }
    /// }
    /// assert!(Ticking.precise_nanos().is_some_and(|now| now >= Ticking.nanos()));
    /// ```
    fn precise_nanos(&self) -> Option<u64> {
        None
    }
}

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
