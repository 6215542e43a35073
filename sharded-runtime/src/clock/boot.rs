use super::traits::Clock;

/// A clock that goes on while the machine is suspended: `clock = Boot`.
///
/// With it, what was to live for half an hour is gone when a laptop is opened again the next morning; under [`System`](super::System) it has
/// as much left as when the laptop was closed. On Linux this is `CLOCK_BOOTTIME`, which is exact to the nanosecond and costs a read of the
/// processor's counter, as `std::time::Instant` does, where `System` costs a load. Elsewhere it is `std::time::Instant`, which on most systems
/// does not count a suspend either.
///
/// The background thread may sleep longer by the time of the suspend: until then what has expired takes memory, and is not seen.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::HashMap;
///
/// #[sharded]
/// struct Desk {
///     #[shard(idle = "30m", clock = Boot)]
///     unlocked: HashMap<u32, String>,
/// }
/// let desk = Desk::new();
/// desk.unlocked().insert(1, "ada".to_owned());
/// assert!(desk.unlocked().contains_key(&1));
/// ```
#[derive(Debug, Default)]
pub struct Boot {
    #[cfg(not(target_os = "linux"))]
    instead: super::System,
}

impl Clock for Boot {
    const RUNS: bool = true;

    #[cfg(target_os = "linux")]
    #[inline]
    fn nanos(&self) -> u64 {
        super::system::nanos(rustix::time::ClockId::Boottime)
    }

    #[cfg(not(target_os = "linux"))]
    #[inline]
    fn nanos(&self) -> u64 {
        self.instead.nanos()
    }
}
