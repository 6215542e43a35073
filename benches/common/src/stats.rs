//! What repeated measurements show, and how certain it is.

use hdrhistogram::Histogram;

/// Measured values in ascending order.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::stats::Sorted;
///
/// let values = Sorted::new([3.0, 1.0, 2.0]);
/// assert_eq!((values.median(), values.range()), (2.0, (1.0, 3.0)));
/// assert!(Sorted::new([]).median().is_nan());
/// ```
#[derive(Clone, Debug)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    /// Sorts values.
    ///
    /// # Examples
    ///
    /// See [`Sorted`].
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Sorted(values)
    }

    /// The ratios of two systems, round by round.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_bench_common::stats::Sorted;
    ///
    /// assert_eq!(Sorted::ratios(&[4.0, 9.0], &[2.0, 3.0]).range(), (2.0, 3.0));
    /// ```
    #[must_use]
    pub fn ratios(of: &[f64], to: &[f64]) -> Self {
        Self::new(of.iter().zip(to).map(|(of, to)| of / to))
    }

    /// The middle value, or the mean of the two in the middle. Not a number if there are no values; nor are the other
    /// figures then.
    ///
    /// # Examples
    ///
    /// See [`Sorted`].
    #[must_use]
    pub fn median(&self) -> f64 {
        let Sorted(values) = self;
        let middle = values.len() / 2;
        if values.len().is_multiple_of(2) && middle > 0 {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            self.quantile(2, 4)
        }
    }

    /// The smallest and the largest value.
    ///
    /// # Examples
    ///
    /// See [`Sorted`].
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        (self.quantile(0, 4), self.quantile(4, 4))
    }

    /// The first and the third quartile: half of the values lie between them.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_bench_common::stats::Sorted;
    ///
    /// assert_eq!(Sorted::new([5.0, 4.0, 3.0, 2.0, 1.0]).quartiles(), (2.0, 4.0));
    /// ```
    #[must_use]
    pub fn quartiles(&self) -> (f64, f64) {
        (self.quantile(1, 4), self.quantile(3, 4))
    }

    fn quantile(&self, numerator: usize, denominator: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last * numerator + denominator / 2) / denominator).copied().unwrap_or(f64::NAN)
    }
}

/// The median of some values, with bounds between which the true median lies with at least 95 % confidence if there are
/// at least six values. With fewer, the bounds are the smallest and the largest value.
///
/// The bounds are two of the values, chosen by the binomial distribution, so no distribution of the values is assumed
/// (Conover, Practical Nonparametric Statistics, section 3.2).
///
/// # Examples
///
/// ```
/// use sharded_bench_common::stats::Interval;
///
/// let ratios = Interval::of([1.31, 1.27, 1.30, 1.29, 1.02, 1.28, 1.30]).unwrap();
/// assert_eq!((ratios.low, ratios.median, ratios.high), (1.02, 1.29, 1.31));
/// assert!(Interval::of([]).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// The interval of these values, or `None` if there are none.
    ///
    /// # Examples
    ///
    /// See [`Interval`].
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values = Sorted::new(values);
        let last = values.0.len().checked_sub(1)?;
        let cut = outside(values.0.len());
        Some(Interval { low: values.0[cut], median: values.median(), high: values.0[last - cut] })
    }
}

/// How many of so many values lie outside of the bounds at either end.
fn outside(values: usize) -> usize {
    // The probability of at most `cut` heads in so many throws must stay below 2.5 %.
    let mut chance = 0.5_f64.powi(i32::try_from(values).unwrap_or(i32::MAX));
    let (mut sum, mut cut) = (chance, 0);
    while cut + 1 < values.div_ceil(2) {
        #[allow(clippy::cast_precision_loss, reason = "numbers of rounds")]
        let ratio = (values - cut) as f64 / (cut + 1) as f64;
        chance *= ratio;
        if sum + chance > 0.025 {
            break;
        }
        sum += chance;
        cut += 1;
    }
    cut
}

/// How long single operations took, in nanoseconds, to two digits.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::stats::Latencies;
///
/// let mut latencies = Latencies::default();
/// (1..=100).for_each(|nanoseconds| latencies.record(nanoseconds));
/// assert_eq!(latencies.at(0.5), 50);
/// ```
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // Two digits keep what is written in the first-level cache. Longer operations count as a minute.
        Latencies(Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("valid bounds"))
    }
}

impl Latencies {
    /// Notes an operation.
    ///
    /// # Examples
    ///
    /// See [`Latencies`].
    #[inline]
    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// Adds what another thread has noted.
    ///
    /// # Panics
    ///
    /// Never: all histograms have the same bounds.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_bench_common::stats::Latencies;
    ///
    /// let (mut all, mut other) = (Latencies::default(), Latencies::default());
    /// other.record(7);
    /// all.add(&other);
    /// assert_eq!(all.at(1.0), 7);
    /// ```
    pub fn add(&mut self, other: &Latencies) {
        self.0.add(&other.0).expect("the same bounds");
    }

    /// Nanoseconds that this share of the operations did not exceed, or 0 if there were none.
    ///
    /// # Examples
    ///
    /// See [`Latencies`].
    #[must_use]
    pub fn at(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }
}

#[cfg(test)]
mod tests {
    use super::{Interval, Latencies, outside};
    use proptest::prelude::{any, prop_assert, proptest};

    #[test]
    fn bounds_are_those_of_the_binomial_distribution() {
        // Exact, as in tables of the sign test at 5 %, two-sided.
        let table = [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (12, 2), (15, 3), (20, 5), (25, 7)];
        for (values, cut) in table {
            assert_eq!(outside(values), cut, "of {values} values");
        }
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_median(values in proptest::collection::vec(-1e9..1e9, 1..60)) {
            let Interval { low, median, high } = Interval::of(values).expect("there are values");
            prop_assert!(low <= median && median <= high);
        }

        #[test]
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a rank")]
        fn a_quantile_is_at_most_a_sixteenth_too_long(mut times in proptest::collection::vec(any::<u32>(), 1..200), share in 0.0..1.0_f64) {
            let mut latencies = Latencies::default();
            for &time in &times {
                latencies.record(u64::from(time));
            }
            times.sort_unstable();
            let rank = ((times.len() as f64 * share).ceil() as usize).max(1);
            let (exact, told) = (u64::from(times[rank - 1]), latencies.at(share));
            prop_assert!(exact <= told && told <= exact + exact / 16 + 1, "{exact} {told}");
        }
    }
}
