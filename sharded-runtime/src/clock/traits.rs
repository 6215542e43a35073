//! The trait of clocks.

/// A source of time for expiry, chosen with `clock = …`.
///
/// [`System`](crate::clock::System) is the default. [`Boot`](crate::clock::Boot) also counts the time of a suspend. A
/// custom clock is named by a path: `clock = self::GameTime`. Every map makes its clock by `Default`, so clocks share
/// state through statics. A [`Manual`](crate::clock::Manual) clock that a store's builder is given is shared by all its
/// maps.
///
/// # How early and how late an entry expires
///
/// Never early. Therefore every ttl and every idle time, except zero, is extended by the
/// [`resolution`](Clock::resolution) of the clock. The clock may lag behind by another resolution when the deadline is
/// checked. So an entry may stay readable after its time, but **from two resolutions after its time on it is not seen
/// any more.** That is 16 ms for `System` on Linux at the usual `HZ=250`, and nothing for a clock whose resolution is
/// zero, such as [`Boot`](crate::clock::Boot).
///
/// A map with short times reads the clock [precisely](Clock::precise_nanos), if the clock supports that, and is then
/// exact. Its times are short if its `ttl` (less the `ttl_jitter`), its `idle` time or its `refresh_after`, as declared
/// or as built, is below 32 resolutions: 256 ms for that `System`. The ttl of a single entry does not count for this.
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
    /// Whether time passes by itself at the pace of a wall clock, so that the background thread knows how long to
    /// sleep. If not, only writes and `sweep()` remove expired entries.
    const RUNS: bool;

    /// Nanoseconds since some fixed moment. It must not go backwards, or an entry that had expired would be readable
    /// again until it is swept.
    fn nanos(&self) -> u64;

    /// The most nanoseconds that [`nanos`](Clock::nanos) may lag behind the time; zero by default. It is never ahead.
    /// Each map asks once.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::clock::{Boot, Clock, System};
    ///
    /// // How long an entry may stay readable after its time.
    /// println!("{} ns", 2 * System::default().resolution());
    /// # #[cfg(target_os = "linux")]
    /// assert_eq!(Boot::default().resolution(), 0);
    /// ```
    fn resolution(&self) -> u64 {
        0
    }

    /// The exact time in nanoseconds since the same moment, if that is slower to read than [`nanos`](Clock::nanos).
    /// `None`, always, by default. Maps read it whose times are short compared to the
    /// [`resolution`](Clock::resolution).
    ///
    /// # Examples
    ///
    /// A clock that other code advances every ten milliseconds:
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
