//! The time scale: the duration of a shop's day in this program.

use std::time::Duration;

/// One day of the shop, compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    /// How long the day takes here.
    pub(crate) lasts: Duration,
}

impl Day {
    pub(crate) const HOURS: f64 = 24.0;

    pub(crate) fn of_seconds(seconds: u32) -> Self {
        Day { lasts: Duration::from_secs(seconds.into()) }
    }

    /// How many times faster the day goes by here.
    pub(crate) fn pace(self) -> f64 {
        Self::HOURS * 3600.0 / self.lasts.as_secs_f64()
    }

    /// How long a time of the shop takes here.
    ///
    /// # Panics
    ///
    /// If the field was declared without it.
    pub(crate) fn shorten(self, declared: Option<Duration>) -> Duration {
        declared.expect("the field declares this time").div_f64(self.pace())
    }

    /// How many hours of the shop's day have gone by after a time here.
    pub(crate) fn hours(self, elapsed: Duration) -> f64 {
        elapsed.as_secs_f64() * self.pace() / 3600.0
    }
}
