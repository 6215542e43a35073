//! Random numbers that are the same in every run, and ranks by Zipf's law.

use rand::SeedableRng;
use rand_distr::Distribution;

pub use rand::{RngExt, seq::SliceRandom};

/// The generator of all benches. Its numbers do not change with a version of `rand`.
pub type Random = rand::rngs::Xoshiro256PlusPlus;

/// A generator with this seed. Streams of different seeds are unrelated.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::random::{RngExt, seeded};
///
/// assert_eq!(seeded(7).random_range(0..1000_u64), seeded(7).random_range(0..1000_u64));
/// ```
#[must_use]
pub fn seeded(seed: u64) -> Random {
    Random::seed_from_u64(seed)
}

/// Ranks from zero whose frequency falls by Zipf's law.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::random::{Zipf, seeded};
///
/// assert!(Zipf::new(10, 0.99).draw(&mut seeded(1)) < 10);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Zipf(rand_distr::Zipf<f64>);

impl Zipf {
    /// Ranks below `limit`, with this exponent.
    ///
    /// # Panics
    ///
    /// If `limit` is zero, or the exponent is negative or not a number.
    ///
    /// # Examples
    ///
    /// See [`Zipf`].
    #[must_use]
    pub fn new(limit: u64, exponent: f64) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "limits are far below 2^53")]
        let zipf = rand_distr::Zipf::new(limit as f64, exponent);
        Zipf(zipf.expect("a positive limit and an exponent from zero"))
    }

    /// The next rank.
    ///
    /// # Examples
    ///
    /// See [`Zipf`].
    #[must_use]
    pub fn draw(&self, random: &mut Random) -> u64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from one")]
        let rank = self.0.sample(random) as u64;
        rank - 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Zipf, seeded};

    #[test]
    fn frequencies_fall_by_the_law() {
        let (zipf, mut random) = (Zipf::new(1000, 0.99), seeded(0));
        let mut counts = [0_u32; 1000];
        for _ in 0..1_000_000 {
            counts[usize::try_from(zipf.draw(&mut random)).expect("below the limit")] += 1;
        }
        let ratio = |a: usize, b: usize| f64::from(counts[a]) / f64::from(counts[b]);
        assert!((ratio(0, 1) - 2_f64.powf(0.99)).abs() < 0.05, "{}", ratio(0, 1));
        assert!((ratio(0, 99) - 100_f64.powf(0.99)).abs() < 10.0, "{}", ratio(0, 99));
    }
}
