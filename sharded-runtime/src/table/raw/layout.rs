//! How a bucket lies in memory.
//!
//! ```text
//! 0        15 16
//! | 15 tags |n| hashes | entries: SLOTS pairs of key and value | stamps | marks |
//! ```
//!
//! A tag is a byte of the hash of the entry in the slot of the same number, zero where the slot is vacant; `n` is how many entries
//! whose home is this bucket or an earlier one lie in a later one. Hashes (their lower halves) are kept of keys that own something:
//! to hash those again may run any code of the user's and read memory far away. Stamps are there where entries expire, marks where
//! readers without a lock note what they use for an eviction.

use crate::{
    Policy, arena,
    evict::Eviction,
    expiry::Expiry,
    lock::Lock,
    sys::memory::PAGE,
};
use std::{marker::PhantomData, mem::needs_drop};

/// Bytes of a bucket's header: the tags and the count.
const HEADER: usize = 16;
/// Tags that a header has room for.
const MOST_SLOTS: usize = HEADER - 1;
/// Buckets are a multiple of this: a cache line.
const LINE: usize = 64;
/// A bucket with more than one slot is not larger than this...
const LARGEST_BUCKET: usize = 16 << 10;
/// ...and a chunk not larger than this, unless a bucket is.
const CHUNK: usize = 32 << 10;

/// The stamp of the entries under a policy.
pub(crate) type StampOf<P> = <<P as Policy>::Expiry as Expiry>::Stamp;

/// A key and its value, as they lie in a slot.
pub(super) struct Pair<K, V> {
    pub(super) key: K,
    pub(super) value: V,
}

/// Where the parts of a bucket are.
pub(super) struct Layout<K, V, P>(PhantomData<(K, V, P)>);

impl<K, V, P: Policy> Layout<K, V, P> {
    /// Whether readers without a lock look at the table: then everything in it is written by atomic words.
    pub(super) const IS_RACY: bool = <P::Lock as Lock>::READS_RACE;
    pub(super) const HAS_MARKS: bool = Self::IS_RACY && P::Eviction::EVICTS;

    pub(super) const SLOTS: usize = Self::choose_slots();
    /// Whether hashes are kept. Those of plain data are made anew where they are needed.
    pub(super) const KEEPS_HASHES: bool = needs_drop::<K>();

    pub(super) const HASHES: usize = HEADER;
    pub(super) const ENTRIES: usize = Self::entries(Self::SLOTS);
    pub(super) const STAMPS: usize =
        (Self::ENTRIES + Self::SLOTS * size_of::<Pair<K, V>>()).next_multiple_of(align_of::<StampOf<P>>());
    pub(super) const MARKS: usize = Self::STAMPS + Self::SLOTS * size_of::<StampOf<P>>();
    pub(super) const BUCKET: usize = Self::bucket(Self::SLOTS);

    /// A chunk has two to the power of this many buckets.
    pub(super) const CLASSES: u32 = if Self::BUCKET >= CHUNK { 0 } else { (CHUNK / Self::BUCKET).ilog2() };
    /// Slots are numbered with gaps, so that the bucket is told by a shift.
    pub(super) const SLOT_BITS: u32 = Self::SLOTS.next_power_of_two().ilog2();
    /// All slots of a bucket.
    #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
    pub(super) const ALL: u32 = (1 << Self::SLOTS as u32) - 1;

    pub(super) const ARENA: arena::Shape = arena::Shape {
        bucket: Self::BUCKET,
        classes: Self::CLASSES,
        chunk: (Self::BUCKET << Self::CLASSES).next_multiple_of(PAGE),
    };

    const fn entries(slots: usize) -> usize {
        let hashes = if Self::KEEPS_HASHES { slots * size_of::<u32>() } else { 0 };
        (HEADER + hashes).next_multiple_of(align_of::<Pair<K, V>>())
    }

    /// Bytes of a bucket with so many slots.
    const fn bucket(slots: usize) -> usize {
        assert!(align_of::<Pair<K, V>>() <= PAGE, "keys and values can be aligned to at most 4096 bytes");
        let stamps = (Self::entries(slots) + slots * size_of::<Pair<K, V>>()).next_multiple_of(align_of::<StampOf<P>>());
        let end = stamps + slots * (size_of::<StampOf<P>>() + Self::HAS_MARKS as usize);
        let align = if align_of::<Pair<K, V>>() > LINE { align_of::<Pair<K, V>>() } else { LINE };
        end.next_multiple_of(align)
    }

    /// The number of slots that wastes least, the larger where two are equal.
    const fn choose_slots() -> usize {
        let mut most = MOST_SLOTS;
        while most > 1 && Self::bucket(most) > LARGEST_BUCKET {
            most -= 1;
        }
        let (mut best, mut slots) = (most, most);
        while slots > 1 && slots > most / 2 {
            slots -= 1;
            if Self::bucket(slots) * best < Self::bucket(best) * slots {
                best = slots;
            }
        }
        best
    }
}
