//! The times of closures.

use crate::clock::Nanos;
use std::time::Instant;

/// The kinds of timed code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    /// A closure on an entry, under the shard's lock.
    Hold,
    /// A closure that makes a missing value, under the same lock. (The map times loaders itself.)
    Miss,
}

/// Nanoseconds since then.
pub(super) fn nanos_since(began: Instant) -> u64 {
    Nanos::from_duration(began.elapsed()).get()
}

/// The nanoseconds that measuring takes by itself.
pub(super) fn nanos_of_nothing() -> u64 {
    (0..64).map(|_| nanos_since(Instant::now())).min().unwrap_or(0)
}

/// The mean without the longest hundredth. An interrupted thread would otherwise outweigh hundreds of others.
pub(super) fn trimmed_mean(mut times: Vec<u64>) -> Option<u64> {
    times.sort_unstable();
    times.truncate(times.len() - times.len() / 100);
    let sum: u128 = times.iter().map(|&nanos| u128::from(nanos)).sum();
    u64::try_from(sum.checked_div(times.len() as u128)?).ok()
}

/// The median.
pub(super) fn median(mut times: Vec<u64>) -> Option<u64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::{median, trimmed_mean};

    #[test]
    fn an_interruption_does_not_count() {
        let times: Vec<u64> = (0..200).map(|number| if number < 2 { 4_000_000 } else { 10 + number % 2 }).collect();
        assert_eq!(trimmed_mean(times.clone()), Some(10));
        assert_eq!(median(times), Some(11));
        assert_eq!((trimmed_mean(vec![7]), median(vec![7])), (Some(7), Some(7)));
        assert_eq!((trimmed_mean(Vec::new()), median(Vec::new())), (None, None));
    }
}
