//! The header of a bucket: a tag for each slot, and a count.

use crate::hasher::KeyHash;
use std::{mem, num::NonZero};

/// Bytes of a header.
pub(super) const HEADER: usize = 16;
/// The highest count of displaced entries in a header. It means this number or more.
pub(super) const MANY: u8 = u8::MAX;

/// A copy of the tags of a bucket and its count of displaced entries. They are of one moment if nobody writes.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Header(pub(super) [u64; 2]);

/// Slots of a bucket, as bits.
pub(super) struct Slots(pub(super) u32);

impl Slots {
    #[inline]
    pub(super) fn first(&self) -> Option<usize> {
        NonZero::new(self.0).map(|slots| slots.trailing_zeros() as usize)
    }

    #[inline]
    pub(super) fn remove_first(&mut self) {
        self.0 &= self.0.wrapping_sub(1);
    }

    /// Removes the bits of slots that the bucket does not have: the count in the header looks like one more tag.
    #[inline]
    pub(super) fn within(self, all: u32) -> Slots {
        Slots(self.0 & all)
    }

    /// Keeps the slots for which a condition holds.
    #[inline]
    pub(super) fn retain(&mut self, mut condition: impl FnMut(usize) -> bool) {
        for slot in Slots(self.0) {
            if !condition(slot) {
                self.0 &= !(1 << slot);
            }
        }
    }

    /// Whether there are at least two.
    #[inline]
    pub(super) fn are_many(&self) -> bool {
        self.0 & self.0.wrapping_sub(1) != 0
    }
}

impl Iterator for Slots {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let first = self.first()?;
        self.remove_first();
        Some(first)
    }
}

/// The byte of a hash that distinguishes most keys of a bucket: next to the bits that choose the bucket, and never
/// zero.
#[inline]
pub(super) fn tag(hash: KeyHash) -> u8 {
    #[allow(clippy::cast_possible_truncation, reason = "one byte is wanted")]
    let tag = (hash.bits() >> 32) as u8;
    tag + u8::from(tag == 0)
}

impl Header {
    pub(super) const EMPTY: Header = Header([0; 2]);

    /// The slots with this tag.
    #[inline]
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    pub(super) fn with_tag(self, tag: u8) -> Slots {
        use std::arch::x86_64::_mm_set1_epi8;
        // SAFETY: the instructions are there, see the `cfg`.
        #[allow(unused_unsafe, reason = "safe in newer compilers")]
        unsafe {
            self.equal(_mm_set1_epi8(tag.cast_signed()))
        }
    }

    /// The slots with the [tag] of a hash.
    #[inline]
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    pub(super) fn with_tag_of(self, hash: KeyHash) -> Slots {
        use std::arch::x86_64::{
            _mm_cvtsi64_si128, _mm_max_epu8, _mm_set1_epi8, _mm_shuffle_epi32, _mm_shufflehi_epi16, _mm_unpacklo_epi8,
        };
        // SAFETY: the instructions are there, see the `cfg`.
        #[allow(unused_unsafe, reason = "safe in newer compilers")]
        unsafe {
            // As in `tag`, for sixteen bytes at once: the lowest byte of the upper half, at least one.
            let hash = _mm_cvtsi64_si128(hash.bits().cast_signed());
            let twice = _mm_unpacklo_epi8(hash, hash);
            let everywhere = _mm_shuffle_epi32::<0b10_10_10_10>(_mm_shufflehi_epi16::<0>(twice));
            self.equal(_mm_max_epu8(everywhere, _mm_set1_epi8(1)))
        }
    }

    #[inline]
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    fn equal(self, tags: std::arch::x86_64::__m128i) -> Slots {
        use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x};
        // SAFETY: the instructions are there, see the `cfg`.
        #[allow(unused_unsafe, reason = "safe in newer compilers")]
        let equal = unsafe {
            let bytes = _mm_set_epi64x(self.0[1].cast_signed(), self.0[0].cast_signed());
            _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, tags))
        };
        Slots(equal.cast_unsigned())
    }

    /// The slots with the [tag] of a hash.
    #[inline]
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    pub(super) fn with_tag_of(self, hash: KeyHash) -> Slots {
        self.with_tag(tag(hash))
    }

    /// The slots with this tag.
    #[inline]
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    pub(super) fn with_tag(self, tag: u8) -> Slots {
        const LOW: u64 = 0x0101_0101_0101_0101;
        const REST: u64 = 0x7f7f_7f7f_7f7f_7f7f;
        let equal = |word: u64| {
            let differs = word ^ (LOW * u64::from(tag));
            // The top bit of each byte that is zero, exactly; then gathered to the lowest eight bits.
            let zero = !(((differs & REST) + REST) | differs | REST);
            ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
        };
        Slots(equal(self.0[0]) | equal(self.0[1]) << 8)
    }

    #[inline]
    pub(super) fn displaced(self) -> u8 {
        (self.0[1] >> 56) as u8
    }

    /// The tag of a slot.
    #[inline]
    pub(super) fn tag(self, slot: usize) -> u8 {
        self.0[slot / 8].to_le_bytes()[slot % 8]
    }

    /// The tags, and the count behind them.
    #[inline]
    pub(super) fn to_bytes(self) -> [u8; 16] {
        // SAFETY: both are sixteen bytes that may be anything.
        unsafe { mem::transmute::<[u64; 2], [u8; 16]>(self.0.map(u64::to_le)) }
    }

    #[inline]
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        // SAFETY: as above.
        Header(unsafe { mem::transmute::<[u8; 16], [u64; 2]>(bytes) }.map(u64::from_le))
    }

    /// The vacant slots of a bucket that has the slots `all`.
    #[inline]
    pub(super) fn vacant(self, all: u32) -> Slots {
        Slots(self.with_tag(0).0 & all)
    }

    /// The occupied slots of a bucket that has the slots `all`.
    #[inline]
    pub(super) fn occupied(self, all: u32) -> Slots {
        Slots(!self.with_tag(0).0 & all)
    }
}
