use crate::{
    clock::Nanos,
    hasher::{GOLDEN, KeyHash},
};

/// By how much the ttl of an entry with this hash is shorter: from zero to less than `most`.
///
/// It is always the same for the same key, so it need not be stored. All bits of the hash affect the upper bits of the
/// product, so it also varies among the keys of one shard, whose hashes have equal upper bits.
#[inline]
pub(crate) fn jitter(most: Nanos, hash: KeyHash) -> Nanos {
    let share = u128::from(hash.bits().wrapping_mul(GOLDEN));
    // Both are below 2^64, and so is the upper half of their product.
    u64::try_from((share * u128::from(most.get())) >> 64).map_or(most, Nanos::new)
}
