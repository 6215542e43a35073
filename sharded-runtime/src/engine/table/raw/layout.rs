//! How buckets lie in memory.
//!
//! A block of buckets has first the headers of all, then the bodies of all. So headers are dense: they stay in the
//! caches when the bodies do not, and a search that finds nothing reads sixteen bytes of a cache line that serves three
//! more buckets. Headers go down from the *middle* of the block and bodies go up, so that a bucket is found from the
//! one address of the middle, whatever the size of the block.
//!
//! ```text
//! block   | … | header 1 | header 0 | body 0 | body 1 | …
//!                                   ^ middle
//!
//! header  | 15 tags | n |                                                  16 bytes
//! body    | SLOTS pairs of key and value | hashes | stamps | marks |
//! ```
//!
//! Where readers without a lock leave marks, header and body of a bucket lie together instead. A mark may be set late,
//! in a block that is part of another table by then; so what is a mark must be one in blocks of every size.
//!
//! A tag is a byte of the hash of the entry in the slot of the same number, zero where the slot is vacant; `n` is how
//! many entries whose home is this bucket or an earlier one lie in a later one. Hashes (their lower halves) are kept of
//! keys that own something: to hash those again may run any code of the user's and read memory far away. Stamps are
//! there where entries expire, marks where readers without a lock note what they use for an eviction.

use super::{
    header::HEADER,
    marks::Marks,
    shape::Shape,
    slot::{BucketNo, Slot},
    words::WordAligned,
};
use crate::{
    Policy,
    evict::Eviction,
    expiry::{Expiry, Stamp},
    hasher::LowHash,
    lock::Lock,
    memory::arena,
    memory::sys::page::GRAIN,
};
use std::{marker::PhantomData, mem::needs_drop};

/// Tags that a header has room for.
const MOST_SLOTS: usize = HEADER - 1;
/// A bucket with more than one slot is not larger than this...
const LARGEST_BUCKET: usize = 16 << 10;
/// ...and a chunk not larger than this, unless a bucket is, or whole pages would be too much for it.
const CHUNK: usize = 32 << 10;

/// The stamp of the entries under a policy.
pub(crate) type StampOf<P> = <<P as Policy>::Expiry as Expiry>::Stamp;

/// A key and its value, as they lie in a slot.
pub(super) struct Pair<K, V> {
    pub(super) key: K,
    pub(super) value: V,
}

/// Where the parts of buckets are.
pub(super) struct Layout<K, V, P>(PhantomData<(K, V, P)>);

impl<K, V, P: Policy> Layout<K, V, P> {
    /// Whether readers without a lock look at the table: then everything in it is written by atomic words.
    pub(super) const IS_RACY: bool = <P::Lock as Lock>::READS_RACE;
    pub(super) const HAS_MARKS: bool = Self::IS_RACY && P::Eviction::EVICTS;

    pub(super) const SLOTS: usize = Self::choose_slots();

    /// Bytes from one entry to the next. What may be read while it is written consists of whole words.
    pub(super) const ENTRY: usize =
        if Self::IS_RACY { size_of::<WordAligned<Pair<K, V>>>() } else { size_of::<Pair<K, V>>() };
    const ENTRY_ALIGN: usize =
        if Self::IS_RACY { align_of::<WordAligned<Pair<K, V>>>() } else { align_of::<Pair<K, V>>() };

    /// Whether hashes are kept. Those of plain data are made anew where they are needed.
    pub(super) const KEEPS_HASHES: bool = needs_drop::<K>();

    pub(super) const HASHES: usize = (Self::SLOTS * Self::ENTRY).next_multiple_of(align_of::<LowHash>());
    pub(super) const STAMPS: usize = (Self::HASHES
        + if Self::KEEPS_HASHES { Self::SLOTS * size_of::<LowHash>() } else { 0 })
    .next_multiple_of(align_of::<StampOf<P>>());
    pub(super) const MARKS: usize =
        (Self::STAMPS + Self::SLOTS * size_of::<StampOf<P>>()).next_multiple_of(align_of::<Marks>());

    /// What blocks and bodies are aligned to, if their addresses are multiples of it.
    const ALIGN: usize = {
        // So a reader that takes one thing for another reads whole words of it, see `words`.
        assert!(!Self::IS_RACY || Self::ARE_WORDS, "what readers without a lock look at consists of whole words");
        // That of the words of a header is the least.
        if Self::ENTRY_ALIGN > HEADER { Self::ENTRY_ALIGN } else { HEADER }
    };

    /// Fails to compile where a chunk, which is aligned to the smallest page, is aligned to less than keys and values
    /// are. It is called where a table is made. In a constant of the layout it would be an error wherever that is used.
    #[track_caller] // The error points to the caller, not into the standard library.
    pub(super) const fn check_alignment() {
        assert!(align_of::<Pair<K, V>>() <= GRAIN, "keys and values can be aligned to at most 4096 bytes");
    }

    /// Whether all parts of a body are words that begin at a multiple of their size.
    const ARE_WORDS: bool = {
        const WORD: usize = size_of::<u64>();
        let parts = [Self::ENTRY, Self::STAMPS, size_of::<StampOf<P>>(), Self::MARKS, size_of::<Marks>(), HEADER];
        let mut part = 0;
        while part < parts.len() && parts[part].is_multiple_of(WORD) {
            part += 1;
        }
        // Of kept hashes, which are no words, there are none: `Copy` keys own nothing.
        part == parts.len() && !Self::KEEPS_HASHES
    };
    pub(super) const BODY: usize =
        (Self::MARKS + if Self::HAS_MARKS { size_of::<Marks>() } else { 0 }).next_multiple_of(Self::ALIGN);
    /// Bytes of a bucket's share of a block.
    pub(super) const BUCKET: usize = HEADER.next_multiple_of(Self::ALIGN) + Self::BODY;

    /// A chunk has two to the power of this many buckets.
    pub(super) const CLASSES: u32 = {
        let classes = if Self::BUCKET >= CHUNK { 0 } else { (CHUNK / Self::BUCKET).ilog2() };
        // Of a chunk in whole pages not more than a sixteenth is to be nobody's, if twice as many buckets leave less.
        let (one, two) = (Self::chunk(classes), Self::chunk(classes + 1));
        if (one - (Self::BUCKET << classes)) * 16 > one && two < 2 * one { classes + 1 } else { classes }
    };
    /// Slots are numbered with gaps, so that the bucket is told by a shift.
    pub(super) const SLOT_BITS: u32 = Self::SLOTS.next_power_of_two().ilog2();
    /// All slots of a bucket.
    #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
    pub(super) const ALL: u32 = (1 << Self::SLOTS as u32) - 1;

    pub(super) const ARENA: arena::BlockShape = arena::BlockShape {
        bucket: Self::BUCKET,
        classes: Self::CLASSES,
        chunk: Self::chunk(Self::CLASSES),
        is_racy: Self::IS_RACY,
    };

    /// Bytes from the header of a bucket to that of the next one, see above.
    #[allow(clippy::cast_possible_wrap, reason = "a bucket is smaller than a chunk, or one entry large")]
    const HEADER_STEP: isize = if Self::HAS_MARKS { Self::BUCKET as isize } else { -(HEADER as isize) };

    pub(super) const SHAPE: &'static Shape = &Shape {
        slots: Self::SLOTS,
        all: Self::ALL,
        slot_bits: Self::SLOT_BITS,
        header_step: Self::HEADER_STEP,
        body_step: if Self::HAS_MARKS { Self::BUCKET } else { Self::BODY },
        body: Self::BODY,
        align: Self::ALIGN,
        arena: Self::ARENA,
        tells_moves: P::Eviction::BOUNDED || <StampOf<P> as Stamp>::EXPIRES,
    };

    /// Bytes of a chunk of two to the power of this many buckets.
    const fn chunk(classes: u32) -> usize {
        (Self::BUCKET << classes).next_multiple_of(GRAIN)
    }

    /// A slot of a bucket, among all of a table.
    #[inline]
    pub(super) fn slot_at(bucket: BucketNo, slot: usize) -> Slot {
        Slot::at(bucket, slot, Self::SLOT_BITS)
    }

    /// The bucket of a slot, and its place there, which the bucket need not have.
    #[inline]
    pub(super) fn place_of(slot: Slot) -> (BucketNo, usize) {
        (BucketNo::new(slot.number() >> Self::SLOT_BITS), (slot.number() & ((1 << Self::SLOT_BITS) - 1)) as usize)
    }

    const fn choose_slots() -> usize {
        let slot = Self::ENTRY + size_of::<StampOf<P>>() + size_of::<LowHash>() + 1;
        let most = LARGEST_BUCKET / slot;
        if most < 1 {
            1
        } else if most > MOST_SLOTS {
            MOST_SLOTS
        } else {
            most
        }
    }
}
