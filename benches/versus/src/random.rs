//! The keys that a thread chooses, at little cost.

use sharded_bench_common::random::{Random, RngExt, Zipf as Law, seeded};
use std::sync::Arc;

/// Numbers below a limit, all equally likely.
#[derive(Clone, Debug)]
pub(crate) struct Uniform {
    random: Random,
    limit: u64,
}

impl Uniform {
    pub(crate) fn new(thread: u64, limit: u64) -> Self {
        Uniform { random: seeded(thread), limit }
    }

    /// One per thread.
    pub(crate) fn for_threads(threads: usize, limit: u64) -> impl Iterator<Item = Self> {
        (0..threads as u64).map(move |thread| Uniform::new(thread, limit))
    }

    #[inline]
    pub(crate) fn draw(&mut self) -> u64 {
        self.random.random_range(0..self.limit)
    }
}

/// How many numbers are drawn ahead of time: 4 MiB, read in sequence.
const SAMPLES: usize = 1 << 20;

/// Numbers by Zipf's law, drawn ahead of time.
///
/// A draw takes longer than a hit, so each thread goes round a million numbers that were drawn before.
#[derive(Clone, Debug)]
pub(crate) struct Zipf {
    samples: Arc<[u32]>,
    next: usize,
}

impl Zipf {
    /// One per thread, of numbers below `limit`, with this exponent.
    pub(crate) fn for_threads(threads: usize, limit: u64, exponent: f64) -> Vec<Self> {
        let law = Law::new(limit, exponent);
        let of_thread = |thread| {
            let mut random = seeded(thread);
            let samples = (0..SAMPLES).map(|_| u32::try_from(law.draw(&mut random)).expect("below 2^31"));
            Zipf { samples: samples.collect(), next: 0 }
        };
        (0..threads as u64).map(of_thread).collect()
    }

    /// The next number.
    #[inline]
    pub(crate) fn draw(&mut self) -> u64 {
        self.next = (self.next + 1) % SAMPLES;
        u64::from(self.samples[self.next])
    }
}
