//! What a clock tells.

/// A source of time for expiry, chosen with `clock = …`.
///
/// [`System`](crate::clock::System) is the default; [`Boot`](crate::clock::Boot) counts the time of a suspend as well. A clock of one's own is named by a path: `clock = self::GameTime`. Every map has a clock
/// of its own, made by `Default`; what clocks are to share belongs into a static. A [`Manual`](crate::clock::Manual) clock that is given to a store's
/// builder is shared by all its maps.
///
/// # How early and how late an entry expires
///
/// Never early. Where the clock is coarse, every time to live and every idle time (but those of zero, which are over at once) is longer by
/// the clock's [`resolution`](Clock::resolution) for that, so an entry can be read that much too long, and once more that much until the clock shows that its time is over:
/// **it is not seen any more from two resolutions after its time on.** That is 16 ms for `System` on Linux at the usual `HZ=250`, and nothing for a clock whose
/// resolution is zero, such as [`Boot`](crate::clock::Boot).
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock",
    label = "not a `Clock`",
    note = "`clock = …` names `System`, `Boot`, or a type of your own that implements `sharded::clock::Clock`"
)]
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
