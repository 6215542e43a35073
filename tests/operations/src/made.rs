//! Keys and values that are made of numbers.

use crate::ops::Key;
use std::{fmt::Debug, hash::Hash};

/// A key or a value that is made of a number.
pub trait Made: Clone + Debug + Send + Sync + 'static {
    /// The one of this number.
    fn of(number: u32) -> Self;
    /// Its number.
    fn number(&self) -> u32;
}

/// A key that is made of a number.
pub trait MadeKey: Made + Eq + Hash {}
impl<K: Made + Eq + Hash> MadeKey for K {}

impl Made for u32 {
    fn of(number: u32) -> Self {
        number
    }
    fn number(&self) -> u32 {
        *self
    }
}

/// The values of a set.
impl Made for () {
    fn of(_: u32) -> Self {}
    fn number(&self) -> u32 {
        0
    }
}

/// A number on the heap: an address sanitizer sees one that is lost or dropped twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Heap(Box<u32>);

impl Made for Heap {
    fn of(number: u32) -> Self {
        Heap(Box::new(number))
    }
    fn number(&self) -> u32 {
        *self.0
    }
}

/// Several words with the same number: a torn read shows.
#[derive(Clone, Copy, Debug)]
pub struct Words([u64; 3]);

impl Made for Words {
    fn of(number: u32) -> Self {
        Words([u64::from(number), !u64::from(number), u64::from(number) << 32])
    }
    fn number(&self) -> u32 {
        let number = u32::try_from(self.0[0]).expect("a number in the first word");
        assert_eq!(self.0, Words::of(number).0, "a value is torn");
        number
    }
}

/// The integers that keys are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Keys {
    FromZero,
    FromTheGreatest,
    UpperHalves,
    Reversed,
    Scattered,
}

impl Keys {
    /// All of them.
    pub const ALL: [Keys; 5] =
        [Keys::FromZero, Keys::FromTheGreatest, Keys::UpperHalves, Keys::Reversed, Keys::Scattered];

    /// The integer of a key's number.
    #[must_use]
    pub fn integer(self, key: Key) -> u32 {
        match self {
            Keys::FromZero => key,
            Keys::FromTheGreatest => !key,
            Keys::UpperHalves => key << 16,
            Keys::Reversed => key.reverse_bits(),
            Keys::Scattered => key.wrapping_mul(0x9E37_79B1),
        }
    }

    /// The number of the key that is made of an integer.
    #[must_use]
    pub fn key(self, integer: u32) -> Key {
        match self {
            Keys::FromZero => integer,
            Keys::FromTheGreatest => !integer,
            Keys::UpperHalves => integer >> 16,
            Keys::Reversed => integer.reverse_bits(),
            Keys::Scattered => integer.wrapping_mul(0x0E8B_2F51),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn an_integer_has_one_number() {
        for keys in Keys::ALL {
            assert!((0..5000).all(|key| keys.key(keys.integer(key)) == key), "{keys:?}");
        }
    }
}
