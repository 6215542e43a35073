//! What comes of many measurements of one thing.

use hdrhistogram::Histogram;
use quanta::Clock;

/// Values in order of size.
#[derive(Clone, Debug)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Sorted(values)
    }

    /// Each value of one system by the value of the other in the same round.
    pub(crate) fn ratios(of: &[f64], to: &[f64]) -> Self {
        Self::new(of.iter().zip(to).map(|(of, to)| of / to))
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(2, 4)
    }

    /// The smallest and the largest.
    pub(crate) fn range(&self) -> (f64, f64) {
        (self.quantile(0, 4), self.quantile(4, 4))
    }

    /// Half of the values lie between these.
    pub(crate) fn quartiles(&self) -> (f64, f64) {
        (self.quantile(1, 4), self.quantile(3, 4))
    }

    fn quantile(&self, numerator: usize, denominator: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last * numerator + denominator / 2) / denominator).copied().unwrap_or(f64::NAN)
    }
}

/// How long single operations took.
pub(crate) struct Pauses {
    pub(crate) clock: Clock,
    nanoseconds: Histogram<u64>,
    longest: u64,
    over_a_millisecond: u64,
}

impl Pauses {
    pub(crate) fn new(clock: &Clock) -> Self {
        // Two digits keep what is written within the first-level cache.
        let nanoseconds = Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("valid bounds");
        Pauses { clock: clock.clone(), nanoseconds, longest: 0, over_a_millisecond: 0 }
    }

    /// Notes an operation, from and to what the clock's `raw` said.
    #[inline]
    pub(crate) fn record(&mut self, began: u64, ended: u64) {
        let taken = self.clock.delta_as_nanos(began, ended);
        self.nanoseconds.saturating_record(taken);
        self.longest = self.longest.max(taken);
        self.over_a_millisecond += u64::from(taken > 1_000_000);
    }

    /// What another thread noted meanwhile.
    pub(crate) fn add(&mut self, other: &Pauses) {
        self.nanoseconds.add(&other.nanoseconds).expect("the same bounds");
        self.longest = self.longest.max(other.longest);
        self.over_a_millisecond += other.over_a_millisecond;
    }

    /// Nanoseconds that this share of the operations did not exceed.
    #[allow(clippy::cast_precision_loss, reason = "two digits are exact")]
    pub(crate) fn at(&self, quantile: f64) -> f64 {
        self.nanoseconds.value_at_quantile(quantile) as f64
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
