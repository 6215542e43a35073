use crate::hasher::GOLDEN;

/// By how much the ttl of an entry is shorter, with a key of this hash: from nothing to less than `most`.
///
/// Of one key it is always the same, so nothing has to be kept. All bits of the hash reach the upper ones of the product, so keys of one shard, whose hashes begin alike, differ as well.
#[inline]
pub(crate) fn jitter(most: u64, hash: u64) -> u64 {
    let share = u128::from(hash.wrapping_mul(GOLDEN));
    // Both are below 2^64, and so is what is left of their product.
    u64::try_from((share * u128::from(most)) >> 64).unwrap_or(most)
}
