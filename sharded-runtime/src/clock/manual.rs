//! The clock `Manual`.

use super::{time::Nanos, traits::Clock};
use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A clock that stands still until it is moved: for tests.
///
/// Clones share the time. A store's builder takes one in place of the declared clock, so that a test needs no second
/// declaration. Such a store removes nothing in the background: call `sweep()`.
///
/// # Examples
///
/// ```
/// use sharded::clock::{Clock, Manual};
/// use std::time::Duration;
///
/// let clock = Manual::new();
/// let same = clock.clone();
/// clock.advance(Duration::from_secs(3));
/// assert_eq!(same.nanos(), 3_000_000_000);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Manual(Arc<AtomicU64>);

impl Manual {
    /// A clock that stands at zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::clock::{Clock, Manual};
    ///
    /// assert_eq!(Manual::new().nanos(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the time is that clones share.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Moves the time forward. It stops at 2^64 - 1 nanoseconds (584 years).
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::clock::{Clock, Manual};
    /// use std::time::Duration;
    ///
    /// let clock = Manual::new();
    /// clock.advance(Duration::from_millis(2));
    /// clock.advance(Duration::MAX);
    /// assert_eq!(clock.nanos(), u64::MAX);
    /// ```
    pub fn advance(&self, by: Duration) {
        let by = Nanos::from_duration(by).get();
        // Relaxed: the clock orders nothing else.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(now.saturating_add(by)));
    }

    /// Sets the time since zero.
    ///
    /// # Errors
    ///
    /// [`Backwards`] if that lies in the past. Then the clock does not change.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::clock::Manual;
    /// use std::time::Duration;
    ///
    /// let clock = Manual::new();
    /// assert!(clock.set(Duration::from_secs(5)).is_ok());
    /// assert!(clock.set(Duration::from_secs(4)).is_err());
    /// ```
    pub fn set(&self, to: Duration) -> Result<(), Backwards> {
        let to = Nanos::from_duration(to).get();
        let before = self.0.fetch_max(to, Ordering::Relaxed);
        if before > to { Err(Backwards { by: Duration::from_nanos(before - to) }) } else { Ok(()) }
    }
}

impl Clock for Manual {
    const RUNS: bool = false;

    #[inline]
    fn nanos(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A [`Manual`] clock was asked to go backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backwards {
    /// How far back the asked time lies.
    pub by: Duration,
}

impl fmt::Display for Backwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a clock can't go backwards, here by {:?}", self.by)
    }
}

impl Error for Backwards {}
