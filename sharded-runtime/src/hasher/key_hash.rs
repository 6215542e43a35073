//! The hash of a key, and its lower half. Both are public types in a private module, because a hidden trait names them.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

/// The hash of a key. (Not `Hash`, which is std's trait.)
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHash(u64);

impl KeyHash {
    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        KeyHash(bits)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// The half that the table and the eviction look at.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
    pub(crate) const fn low(self) -> LowHash {
        LowHash(self.0 as u32)
    }
}

/// The lower half of the hash of a key: all that a table knows of an entry. It does not lead to the shard.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LowHash(u32);

impl LowHash {
    #[inline]
    pub(crate) const fn from_bits(bits: u32) -> Self {
        LowHash(bits)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }
}
