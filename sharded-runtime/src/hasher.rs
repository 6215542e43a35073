//! Hashing of keys, and how the bits of a hash are used.
//!
//! The hash is computed once per operation. The route to a shard uses the top bits of the 64, at most 16. The table of
//! the shard uses the lowest bits for the bucket, as many as it needs and at most 32, and the eight above those 32 for
//! the tag, which rules out most other keys without a comparison. No bit serves two purposes, so the hashes in one
//! shard are as well distributed as all hashes.
//!
//! A split or merge of a bucket needs the hashes of its entries again. For keys that own memory they are stored (four
//! bytes per entry). Plain data, such as integers, is hashed again by the thread that does the step, which may be the
//! background thread. So a hasher is `Send + Sync`, and `Hash` of plain keys may run under the lock of a shard.
//!
//! # Which hasher
//!
//! A field whose map type names no hasher gets ahash, seeded at random per store. For the compiler, `HashMap<K, V>` of
//! std is `HashMap<K, V, RandomState>`. So std's `RandomState` (and `hashbrown`'s default) count as "none named", even
//! if they are written out. For std's own hash, write `hasher = SipHash`. Any other hasher, named in the type or by
//! `hasher = …`, is made by its `Default`. Its result is mixed once more, because a hasher that leaves the upper bits
//! empty, such as one that returns integers unchanged, would put all keys into one shard.

mod key_hash;

#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub(crate) use key_hash::{KeyHash, LowHash};

use std::{
    any::TypeId,
    fmt,
    hash::{BuildHasher, DefaultHasher, Hash, RandomState},
};

/// std's `SipHash`, seeded at random: `hasher = SipHash`.
///
/// # Examples
///
/// ```
/// use sharded::hasher::SipHash;
/// use std::hash::BuildHasher;
///
/// let hasher = SipHash::default();
/// assert_eq!(hasher.hash_one("key"), hasher.hash_one("key"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SipHash(RandomState);

impl BuildHasher for SipHash {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        self.0.build_hasher()
    }
}

/// The hash seed of a store.
#[derive(Clone)]
pub(crate) struct Seed(ahash::RandomState);

impl Seed {
    pub(crate) fn random() -> Self {
        // std keys its `RandomState` from the system's random source.
        let random = RandomState::new();
        Seed(ahash::RandomState::with_seeds(
            random.hash_one(0),
            random.hash_one(1),
            random.hash_one(2),
            random.hash_one(3),
        ))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secret: anyone who knows the seed can choose keys that collide.
        f.write_str("Seed")
    }
}

/// The hasher of a map whose type names `S`: ahash if `S` counts as "none named".
#[derive(Clone)]
pub(crate) struct MapHasher<S> {
    seeded: Seed,
    named: S,
}

impl<S: BuildHasher + Default + 'static> MapHasher<S> {
    pub(crate) fn new(seed: &Seed) -> Self {
        Self { seeded: seed.clone(), named: S::default() }
    }

    #[inline]
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> KeyHash {
        KeyHash::from_bits(if names_none::<S>() { self.seeded.0.hash_one(key) } else { mix(self.named.hash_one(key)) })
    }
}

/// A constant after monomorphization, so the comparison and the other branch fold away.
#[inline]
fn names_none<S: 'static>() -> bool {
    let named = TypeId::of::<S>();
    named == TypeId::of::<RandomState>() || named == TypeId::of::<hashbrown::DefaultHashBuilder>()
}

/// 2^64 divided by the golden ratio, rounded to an odd number. In a product with it, every bit of a number affects the
/// upper bits (multiplicative hashing: Knuth, The Art of Computer Programming, 6.4).
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads every input bit over all output bits: the finalizer of `SplitMix64` (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014), with the constants of Stafford's variant 13.
#[inline]
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}
