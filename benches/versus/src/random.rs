//! Which keys a thread chooses, at next to no cost.

use std::sync::Arc;

/// Knuth's MMIX generator; its upper bits are the better ones.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Streams of different seeds start far apart.
    pub(crate) fn new(seed: u64) -> Self {
        Random((seed + 1).wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// 32 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 32
    }

    /// A number below `limit`, itself at most 2^32.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.bits() * limit) >> 32
    }
}

/// How many numbers are drawn ahead of time: 4 MiB, read in sequence.
const SAMPLES: usize = 1 << 20;

/// Numbers drawn ahead of time, in which a number's frequency falls with its rank: Zipf's law.
///
/// Drawing one takes longer than a hit, so a thread goes round and round a million that are drawn already.
#[derive(Clone, Debug)]
pub(crate) struct Zipf {
    samples: Arc<[u32]>,
    next: usize,
}

impl Zipf {
    /// One per thread, of numbers below `limit`, with this exponent.
    pub(crate) fn for_threads(threads: usize, limit: u64, exponent: f64) -> Vec<Self> {
        #[allow(clippy::cast_precision_loss, reason = "at most 2^31")]
        let weights = (1..=limit).map(|rank| (rank as f64).powf(-exponent));
        let cumulated: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let total = cumulated.last().copied().unwrap_or(0.0);
        let draw = |random: &mut Random| {
            #[allow(clippy::cast_precision_loss, reason = "32 bits")]
            let point = random.bits() as f64 / f64::from(u32::MAX) * total;
            let rank = cumulated.partition_point(|&sum| sum < point);
            u32::try_from(rank.min(cumulated.len() - 1)).expect("below 2^31")
        };
        (0..threads as u64)
            .map(|thread| {
                let mut random = Random::new(thread);
                Zipf { samples: (0..SAMPLES).map(|_| draw(&mut random)).collect(), next: 0 }
            })
            .collect()
    }

    /// The next of them.
    pub(crate) fn draw(&mut self) -> u64 {
        self.next = (self.next + 1) % SAMPLES;
        u64::from(self.samples[self.next])
    }
}
