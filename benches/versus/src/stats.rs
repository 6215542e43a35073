//! How long single operations take.

pub(crate) use sharded_bench_common::stats::Sorted;

use quanta::Clock;
use sharded_bench_common::stats::Latencies;

/// How long single operations took.
pub(crate) struct Pauses {
    pub(crate) clock: Clock,
    latencies: Latencies,
    longest: u64,
    over_a_millisecond: u64,
}

impl Pauses {
    pub(crate) fn new(clock: &Clock) -> Self {
        Pauses { clock: clock.clone(), latencies: Latencies::default(), longest: 0, over_a_millisecond: 0 }
    }

    /// Notes an operation that began and ended at these raw times of the clock.
    #[inline]
    pub(crate) fn record(&mut self, began: u64, ended: u64) {
        let taken = self.clock.delta_as_nanos(began, ended);
        self.latencies.record(taken);
        self.longest = self.longest.max(taken);
        self.over_a_millisecond += u64::from(taken > 1_000_000);
    }

    /// Adds what another thread has noted.
    pub(crate) fn add(&mut self, other: &Pauses) {
        self.latencies.add(&other.latencies);
        self.longest = self.longest.max(other.longest);
        self.over_a_millisecond += other.over_a_millisecond;
    }

    /// Nanoseconds that this share of the operations did not exceed.
    #[allow(clippy::cast_precision_loss, reason = "two digits are exact")]
    pub(crate) fn at(&self, quantile: f64) -> f64 {
        self.latencies.at(quantile) as f64
    }

    /// In nanoseconds.
    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    pub(crate) fn longest(&self) -> f64 {
        self.longest as f64
    }

    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    pub(crate) fn over_a_millisecond(&self) -> f64 {
        self.over_a_millisecond as f64
    }
}
