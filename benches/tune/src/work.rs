//! The time that a user's closures take.

use std::{hint::black_box, sync::OnceLock, time::Instant};

/// Multiplications of one measurement, and the number of measurements, of which the shortest counts.
const MEASURED: u64 = 20_000;
const MEASUREMENTS: usize = 50;

/// Work that takes a given time on this machine. It reads no clock, which would take longer than most closures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    multiplications: u64,
}

impl Work {
    pub(crate) fn taking(nanos: u64) -> Self {
        static PER_NANO: OnceLock<f64> = OnceLock::new();
        let per_nano = PER_NANO.get_or_init(|| {
            let measure = |_| {
                let began = Instant::now();
                Work { multiplications: MEASURED }.run();
                began.elapsed().as_nanos()
            };
            let shortest = (0..MEASUREMENTS).map(measure).min();
            MEASURED as f64 / shortest.unwrap_or(0).max(1) as f64
        });
        Work { multiplications: (nanos as f64 * per_nano) as u64 }
    }

    #[inline]
    pub(crate) fn run(self) {
        let mut product = black_box(3_u64);
        for _ in 0..self.multiplications {
            product = black_box(product.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Work;
    use std::time::Instant;

    /// The longest of many runs is not much shorter than requested. It may be much longer, depending on the load of the
    /// machine.
    #[test]
    fn it_takes_as_long_as_is_asked_for() {
        let work = Work::taking(200_000);
        let longest = (0..20).map(|_| {
            let began = Instant::now();
            work.run();
            began.elapsed().as_nanos()
        });
        assert!(longest.max() > Some(100_000));
        assert_eq!(Work::taking(0).multiplications, 0);
    }
}
