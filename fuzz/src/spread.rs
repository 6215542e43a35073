//! A hasher that spreads keys in a chosen way. Most ways are bad.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hasher},
};

/// The hash of a key's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Hashes are the numbers.
    Identity,
    /// All hashes are equal.
    Constant,
    /// There are four hashes.
    Four,
    /// Hashes have only their upper half.
    Upper,
    /// There are a hundred hashes, with low bits only.
    Lower,
    /// As `Upper`, after the map has mixed the hash.
    UpperOnceMixed,
    /// As `Identity`, after the map has mixed the hash: the upper bits are empty.
    LowerOnceMixed,
}

pub(crate) const SPREADS: [Spread; 7] = [
    Spread::Identity,
    Spread::Constant,
    Spread::Four,
    Spread::Upper,
    Spread::Lower,
    Spread::UpperOnceMixed,
    Spread::LowerOnceMixed,
];

thread_local! {
    static CHOSEN: Cell<Spread> = const { Cell::new(Spread::Identity) };
}

/// Selects how hashers that this thread makes from now on spread keys.
pub(crate) fn choose(spread: Spread) {
    CHOSEN.set(spread);
}

impl BuildHasher for Spread {
    type Hasher = Spreading;

    fn build_hasher(&self) -> Spreading {
        Spreading { number: 0, spread: *self }
    }
}

impl Default for Spread {
    fn default() -> Self {
        CHOSEN.get()
    }
}

#[derive(Debug)]
pub(crate) struct Spreading {
    number: u64,
    spread: Spread,
}

impl Hasher for Spreading {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys write numbers")
    }
    fn write_u32(&mut self, number: u32) {
        self.number = number.into();
    }
    fn finish(&self) -> u64 {
        match self.spread {
            Spread::Identity => self.number,
            Spread::Constant => 0,
            Spread::Four => self.number % 4,
            Spread::Upper => self.number << 32,
            Spread::Lower => self.number % 100,
            Spread::UpperOnceMixed => unmixed(self.number << 32),
            Spread::LowerOnceMixed => unmixed(self.number),
        }
    }
}

/// The number that the map mixes into this hash. It inverts the finalizer of `SplitMix64`, so it depends on how the map
/// mixes today.
fn unmixed(hash: u64) -> u64 {
    let unshift = |mixed: u64, by: u32| (0..64 / by).fold(mixed, |hash, _| mixed ^ (hash >> by));
    let hash = unshift(hash, 31).wrapping_mul(0x3196_42B2_D24D_8EC3);
    let hash = unshift(hash, 27).wrapping_mul(0x96DE_1B17_3F11_9089);
    unshift(hash, 30)
}
