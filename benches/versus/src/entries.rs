//! The kinds of entries.
//!
//! Threads choose entries by number. A key is computed from the number when it is needed. A table of keys would add a
//! cache miss or two to every operation of all systems, and hide their differences.

use crate::caches::Lifetime;
use std::{borrow::Borrow, fmt::Debug, hash::Hash, str::FromStr};

/// A kind of entry.
pub(crate) trait Entry: Sized + 'static {
    /// The name in tables.
    const NAME: &'static str;
    /// Bytes of an entry itself.
    const BYTES: usize;
    /// A number of entries that exceeds every processor cache.
    const LARGE: u64;

    /// The stored key.
    type Key: Borrow<Self::Query> + Clone + Debug + Ord + Hash + Send + Sync + 'static;
    /// The type of a lookup.
    type Query: ToOwned<Owned = Self::Key> + Ord + Hash + ?Sized;
    /// The memory of a query.
    type Buffer: Default;
    /// The stored value.
    type Value: Copy + Debug + Send + Sync + 'static;

    /// The key of an entry.
    fn query(number: u64, buffer: &mut Self::Buffer) -> &Self::Query;
    /// The value of an entry.
    fn value(number: u64) -> Self::Value;
    /// An observable change.
    fn increment(value: &mut Self::Value);

    /// Systems that hold only this kind.
    fn systems() -> Vec<crate::systems::Contender<Self>>;
    /// Caches that hold only this kind.
    fn caches(lifetime: Lifetime) -> Vec<crate::caches::Contender<Self>>;
}

/// The key of a number. The factor is odd, so no two numbers share a key. Small and dense keys could favour some
/// tables.
pub(crate) fn mixed(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// `u64` to `u64`.
pub(crate) enum Integers {}

impl Entry for Integers {
    const NAME: &'static str = "u64 -> u64";
    const BYTES: usize = 16;
    const LARGE: u64 = 10_000_000;

    type Key = u64;
    type Query = u64;
    type Buffer = u64;
    type Value = u64;

    fn query(number: u64, buffer: &mut u64) -> &u64 {
        *buffer = mixed(number);
        buffer
    }

    fn value(number: u64) -> u64 {
        number
    }

    fn increment(value: &mut u64) {
        *value = value.wrapping_add(1);
    }

    fn systems() -> Vec<crate::systems::Contender<Self>> {
        crate::systems::of_integers()
    }

    fn caches(lifetime: Lifetime) -> Vec<crate::caches::Contender<Self>> {
        crate::caches::of_integers(lifetime)
    }
}

/// `String` of 24 bytes to 64 bytes.
pub(crate) enum Strings {}

impl Entry for Strings {
    const NAME: &'static str = "String (24) -> 64 bytes";
    const BYTES: usize = 24 + 24 + 64;
    const LARGE: u64 = 1_000_000;

    type Key = String;
    type Query = str;
    type Buffer = [u8; 24];
    type Value = [u64; 8];

    fn query(number: u64, buffer: &mut [u8; 24]) -> &str {
        buffer[..8].copy_from_slice(b"session:");
        for (place, byte) in (0..16).zip(&mut buffer[8..]) {
            *byte = b'a' + ((number >> (60 - 4 * place)) & 15) as u8;
        }
        // Checked, this would be a third of all instructions of a hit. So few fit into what a processor looks ahead
        // that lookups wait for memory one after the other or side by side by ten more or less, and it would be this
        // loop that decides.
        #[allow(unsafe_code, reason = "it is no part of what is measured")]
        // SAFETY: the first eight bytes are ASCII, and the others are `a` to `p`.
        unsafe {
            std::str::from_utf8_unchecked(buffer)
        }
    }

    fn value(number: u64) -> [u64; 8] {
        [number; 8]
    }

    fn increment(value: &mut [u64; 8]) {
        value[0] = value[0].wrapping_add(1);
    }

    fn systems() -> Vec<crate::systems::Contender<Self>> {
        Vec::new()
    }

    fn caches(_: Lifetime) -> Vec<crate::caches::Contender<Self>> {
        Vec::new()
    }
}

/// The kind of entry on the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    Integers,
    Strings,
}

impl Keys {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Keys::Integers => "u64",
            Keys::Strings => "string",
        }
    }
}

impl FromStr for Keys {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "u64" => Ok(Keys::Integers),
            "string" => Ok(Keys::Strings),
            _ => Err("there are u64 and string"),
        }
    }
}
