//! How a key's hash is made, and which of its bits mean what.
//!
//! The hash is computed once per operation. Of its 64 bits the shard takes the top ones, at most 16. The table in the shard
//! takes the lowest, as many as it needs and at most 32, for the bucket, and the eight above those 32 for the tag that sorts out
//! most entries of other keys unseen. No bit serves two of the three, so a shard's table sees hashes as good as they were made.
//!
//! When a bucket is split or merged, the hashes of its entries are needed again. Those of keys that own something are kept (four
//! bytes an entry); plain data, such as integers, is hashed anew, by whichever thread does the step: the map's background thread
//! too. So a hasher is `Send + Sync`, and `Hash` of plain keys may run under the lock of a shard.
//!
//! # Which hasher
//!
//! A field whose map type names no hasher gets ahash, seeded at random per store. `HashMap<K, V>` of std means
//! `HashMap<K, V, RandomState>` to the compiler, so std's `RandomState` (and `hashbrown`'s default) count as "none named"
//! even where they are written out: for std's own hash write `hasher = SipHash`. Any other hasher, named in
//! the type or by `hasher = …`, is used as it is, made by its `Default`, and its result is mixed once more: a hasher that leaves the
//! upper bits empty, such as one that returns integers as they are, would put all keys into one shard.

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

/// What the hashes of one store start from.
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
        // Who knows the seed can choose keys that collide.
        f.write_str("Seed")
    }
}

/// The hasher of a map whose type names `S`: ahash where that stands for "none named".
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
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        if names_none::<S>() { self.seeded.0.hash_one(key) } else { mix(self.named.hash_one(key)) }
    }
}

/// Known when the code is generated: the comparison and the branch not taken fold away.
#[inline]
fn names_none<S: 'static>() -> bool {
    let named = TypeId::of::<S>();
    named == TypeId::of::<RandomState>() || named == TypeId::of::<hashbrown::DefaultHashBuilder>()
}

/// 2^64 divided by the golden ratio, and odd: in a product with it every bit of a number reaches the upper bits (multiplicative hashing: Knuth,
/// The Art of Computer Programming, 6.4).
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads every input bit over all output bits: the finalizer of `SplitMix64` (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014), with the constants of Stafford's variant 13.
#[inline]
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}
