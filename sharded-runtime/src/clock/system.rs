//! The clock `System`.

use super::traits::Clock;
#[cfg(target_os = "linux")]
use rustix::time::{ClockId, Timespec};

/// The system's coarse monotonic clock: `clock = System`, the default.
///
/// On Linux this is `CLOCK_MONOTONIC_COARSE`, whose read costs a few nanoseconds. It advances with the tick of the
/// kernel, every 1 to 10 ms (4 ms at the usual `HZ=250`). Ticks may be late, so its [resolution](Clock::resolution) is
/// twice that. An entry never expires early, but may stay readable for [two
/// resolutions](Clock#how-early-and-how-late-an-entry-expires) after its time. A map with times shorter than 32
/// resolutions reads `CLOCK_MONOTONIC` instead, which is exact and slower to read. On other systems this is
/// `std::time::Instant`, which is taken as exact.
///
/// Time while the machine is suspended does not count, so entries outlive their ttl by it. If that matters, use
/// [`Boot`](super::Boot).
///
/// # Examples
///
/// ```
/// use sharded::clock::{Clock, System};
///
/// let clock = System::default();
/// let before = clock.nanos();
/// assert!(clock.nanos() >= before);
/// ```
#[derive(Debug, Default)]
pub struct System {
    #[cfg(not(target_os = "linux"))]
    start: Start,
}

impl Clock for System {
    const RUNS: bool = true;

    #[cfg(target_os = "linux")]
    #[inline]
    fn nanos(&self) -> u64 {
        nanos(ClockId::MonotonicCoarse)
    }

    #[cfg(not(target_os = "linux"))]
    #[inline]
    fn nanos(&self) -> u64 {
        super::time::Nanos::from_duration(self.start.0.elapsed()).get()
    }

    #[cfg(target_os = "linux")]
    fn resolution(&self) -> u64 {
        // Under load, ticks of 4 ms were up to 1 ms late.
        2 * to_nanos(rustix::time::clock_getres(ClockId::MonotonicCoarse))
    }

    /// The coarse clock equals this one at the last tick.
    #[cfg(target_os = "linux")]
    #[inline]
    fn precise_nanos(&self) -> Option<u64> {
        Some(nanos(ClockId::Monotonic))
    }
}

/// The time of one of the clocks that count from the boot.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn nanos(clock: ClockId) -> u64 {
    to_nanos(rustix::time::clock_gettime(clock))
}

#[cfg(target_os = "linux")]
#[inline]
fn to_nanos(time: Timespec) -> u64 {
    // Neither is negative on such a clock, and 2^64 ns since boot are 584 years.
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Start(std::time::Instant);

#[cfg(not(target_os = "linux"))]
impl Default for Start {
    fn default() -> Self {
        Start(std::time::Instant::now())
    }
}
