//! Hashers that collide on purpose.

use std::hash::{BuildHasher, Hasher};

/// The sum of the written numbers, folded as `FOLD` says.
#[derive(Clone, Debug, Default)]
pub struct Folded<const FOLD: u8>;

/// All keys have the same hash.
pub type Constant = Folded<0>;
/// Keys have one of four hashes.
pub type Four = Folded<2>;
/// Integers are their own hash.
pub type Identity = Folded<64>;
/// Integers are the upper half of their hash, and the lower half is zero.
pub type UpperHalf = Folded<128>;

#[derive(Debug)]
pub struct Fold {
    sum: u64,
    fold: u8,
}

impl<const FOLD: u8> BuildHasher for Folded<FOLD> {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold { sum: 0, fold: FOLD }
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.sum.wrapping_mul(251).wrapping_add(byte.into()));
        }
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }
    fn write_u64(&mut self, n: u64) {
        self.sum = n;
    }
    fn finish(&self) -> u64 {
        match self.fold {
            64 => self.sum,
            128 => self.sum << 32,
            bits => self.sum & ((1 << bits) - 1),
        }
    }
}
