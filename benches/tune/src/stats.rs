//! What repeated measurements show, and how sure it is.

use hdrhistogram::Histogram;

/// The median of some values, and the bounds within which the true one lies with at least 95 % confidence, if there were at least
/// six values; with fewer, the smallest and the largest.
///
/// The bounds are two of the values themselves, chosen by the binomial distribution: so nothing is assumed of how the values are spread
/// (Conover, Practical Nonparametric Statistics, section 3.2).
///
/// # Examples
///
/// ```
/// use sharded_tune::Interval;
///
/// let ratios = Interval::of([1.31, 1.27, 1.30, 1.29, 1.02, 1.28, 1.30]).unwrap();
/// assert_eq!((ratios.low, ratios.median, ratios.high), (1.02, 1.29, 1.31));
/// assert!(Interval::of([]).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The middle one of the values.
    pub median: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// Of these values, or `None` where there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let cut = outside(values.len());
        Some(Interval { low: values[cut], median: median_of_sorted(&values), high: values[last - cut] })
    }
}

/// How many of so many values, at either end, are left outside.
fn outside(values: usize) -> usize {
    // The chance of at most `cut` heads in so many throws must stay below 2.5 %.
    let mut chance = 0.5_f64.powi(i32::try_from(values).unwrap_or(i32::MAX));
    let (mut sum, mut cut) = (chance, 0);
    while cut + 1 < values.div_ceil(2) {
        chance *= (values - cut) as f64 / (cut + 1) as f64;
        if sum + chance > 0.025 {
            break;
        }
        sum += chance;
        cut += 1;
    }
    cut
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| median_of_sorted(&values))
}

fn median_of_sorted(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}

/// How long single operations took, in nanoseconds, to two digits.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    /// Longer ones count as a minute.
    const LONGEST: u64 = 60_000_000_000;

    pub(crate) fn new() -> Self {
        Latencies(Histogram::new_with_bounds(1, Self::LONGEST, 2).expect("valid bounds"))
    }

    pub(crate) fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    pub(crate) fn add(&mut self, other: &Latencies) {
        self.0.add(&other.0).expect("the same bounds");
    }

    /// Nanoseconds that this share of the operations did not exceed, or 0 where there were none.
    pub(crate) fn at(&self, quantile: f64) -> u64 {
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
            let Interval { low, median, high } = Interval::of(values).expect("there are some");
            prop_assert!(low <= median && median <= high);
        }

        #[test]
        fn a_quantile_is_at_most_a_sixteenth_too_long(mut times in proptest::collection::vec(any::<u32>(), 1..200), share in 0.0..1.0_f64) {
            let mut latencies = Latencies::new();
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
