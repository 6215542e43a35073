//! The clock `Boot`.

use super::traits::Clock;

/// A clock that counts time while the machine is suspended: `clock = Boot`.
///
/// With it, an entry with half an hour to live has expired when a laptop is opened the next morning. Under
/// [`System`](super::System) it has as much time left as when the laptop was closed. On Linux this is `CLOCK_BOOTTIME`,
/// which is exact to the nanosecond. Like `std::time::Instant`, it reads the counter of the processor, whereas `System`
/// costs a load. Elsewhere it is `std::time::Instant`, which on most systems does not count a suspend either.
///
/// After a suspend, the background thread may wake late by the time of the suspend. Until then, expired entries occupy
/// memory, but are not seen.
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
