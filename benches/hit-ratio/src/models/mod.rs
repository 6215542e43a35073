//! Models of policies: they know which keys are cached and in what order, and store nothing. They show what a published
//! policy can do, since the implementation of a library may differ from the publication.

mod duo;
mod lru;
mod s3_fifo;
mod sieve;
mod sketch;
mod w_tiny_lfu;

pub(crate) use duo::Duo;
pub(crate) use lru::Lru;
pub(crate) use s3_fifo::S3Fifo;
pub(crate) use sieve::Sieve;
pub(crate) use w_tiny_lfu::WTinyLfu;

/// A model of a policy.
pub(crate) trait Model {
    /// Looks a key up, and admits it if it is missing. Returns whether it was there.
    fn access(&mut self, key: u32) -> bool;

    /// The number of cached keys.
    fn len(&self) -> usize;
}

/// The hash of a key, the same for all models.
pub(crate) fn hash(key: u32) -> u64 {
    let mut z = u64::from(key).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duo_keeps_most_of_a_loop_that_does_not_fit() {
        for (capacity, length) in [(20, 22), (1_000, 1_100), (5_000, 5_500)] {
            for shards in [1, 64] {
                let mut duo = Duo::new(length, capacity, shards);
                let mut round = || (0..length as u32).filter(|&key| duo.access(key)).count();
                let warm_up: usize = (0..20).map(|_| round()).sum();
                let hits: usize = (0..20).map(|_| round()).sum();
                // A policy that evicts the latest key keeps all but one of them.
                assert!(hits > 20 * (capacity - 1) * 8 / 10, "{capacity}, {shards} shards: {hits}, before {warm_up}");
            }
        }
    }
}
