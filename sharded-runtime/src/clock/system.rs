use super::Clock;

/// The system's coarse monotonic clock: `clock = System`, the default.
///
/// On Linux this is `CLOCK_MONOTONIC_COARSE`: reading it costs a few nanoseconds, and it moves on with the kernel's tick,
/// which is every 1 to 10 ms (4 ms at the usual `HZ=250`); so an entry can stay readable that much longer than its ttl, or
/// go that much earlier. Time while the machine is suspended does not count, so
/// that entries outlive their ttl by it: where a machine is suspended and that matters, take [`Boot`](super::Boot). Elsewhere it is `std::time::Instant`, with that
/// clock's own resolution.
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
        nanos(rustix::time::ClockId::MonotonicCoarse)
    }

    #[cfg(not(target_os = "linux"))]
    #[inline]
    fn nanos(&self) -> u64 {
        super::manual::to_nanos(self.start.0.elapsed())
    }
}

/// The time of one of the clocks that count from the boot.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn nanos(clock: rustix::time::ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    // Both are at least zero on such a clock, and 2^64 ns since boot are 584 years.
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
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
