use crate::{
    clock::Nanos,
    hasher::{GOLDEN, KeyHash},
};

/// By how much the ttl of an entry is shorter, with a key of this hash: from nothing to less than `most`.
///
/// It is always the same for one key, so it is not stored. Every bit of the hash affects the upper bits of the product,
/// so it differs also among the keys of one shard, whose hashes have the same upper bits.
#[inline]
pub(crate) fn jitter(most: Nanos, hash: KeyHash) -> Nanos {
    let share = u128::from(hash.bits().wrapping_mul(GOLDEN));
    // Both are below 2^64, and so is the upper half of their product.
    u64::try_from((share * u128::from(most.get())) >> 64).map_or(most, Nanos::new)
}
