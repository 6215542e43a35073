//! How buckets lie in memory.
//!
//! A block of buckets has first all headers, then all bodies. So headers are dense: they stay in the caches when the
//! bodies do not, and a search that finds nothing reads only sixteen bytes of a cache line that it shares with three
//! other buckets. Headers are laid out downwards from the *middle* of the block, and bodies upwards. So the address of
//! the middle is enough to find a bucket in a block of any size.
//!
//! ```text
//! block   | … | header 1 | header 0 | body 0 | body 1 | …
//!                                   ^ middle
//!
//! header  | 15 tags | n |                                                  16 bytes
//! body    | SLOTS pairs of key and value | hashes | stamps | marks |
//! ```
//!
//! In tables with marks, the header and the body of a bucket lie together instead. A reader may set a mark late, when
//! the block already belongs to another table. So marks must lie at the same offsets in blocks of all sizes.
//!
//! A tag is a byte of the hash of the entry in the slot with the same index, or zero if the slot is vacant. `n` is the
//! number of entries whose home is this bucket or an earlier one and that lie in a later one. Hashes (their lower
//! halves) are kept if keys own something: hashing those again may run any user code and read distant memory. There are
//! stamps if entries expire, and marks if readers without a lock note uses for an eviction.

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
use std::{marker::PhantomData, mem::needs_drop, ptr::NonNull};

/// The most tags of a header.
const MOST_SLOTS: usize = HEADER - 1;
/// The largest bucket with more than one slot.
const LARGEST_BUCKET: usize = 16 << 10;
/// The largest chunk of [`LEAST_BUCKETS`] or more, unless a larger chunk wastes less of its last page.
const CHUNK: usize = 32 << 10;
/// A chunk has at least so many buckets, unless it were larger than [`LARGEST_CHUNK`]. The headers of each chunk lie on
/// a page of their own, and a search waits until the address of that page is translated.
const LEAST_BUCKETS: usize = 64;
/// The largest chunk, unless a single bucket is larger. The first block of a table is copied when it becomes a chunk.
const LARGEST_CHUNK: usize = 128 << 10;

/// The stamp of the entries under a policy.
pub(crate) type StampOf<P> = <<P as Policy>::Expiry as Expiry>::Stamp;

/// A key and its value in a slot.
pub(super) struct Pair<K, V> {
    pub(super) key: K,
    pub(super) value: V,
}

/// The offsets and sizes of the parts of a bucket.
pub(super) struct Layout<K, V, P>(PhantomData<(K, V, P)>);

impl<K, V, P: Policy> Layout<K, V, P> {
    /// Whether there are readers without a lock. Then everything in the table is written by atomic words.
    pub(super) const IS_RACY: bool = <P::Lock as Lock>::READS_RACE;
    /// Whether they hold entries while writers go on: then a slot has the address of its entry.
    pub(super) const IS_SHARED: bool = <P::Lock as Lock>::SHARES_ENTRIES;
    pub(super) const HAS_MARKS: bool = Self::IS_RACY && P::Eviction::EVICTS;

    pub(super) const SLOTS: usize = Self::choose_slots();

    /// Bytes from one entry to the next. In a racy table entries consist of whole words.
    pub(super) const ENTRY: usize = match (Self::IS_SHARED, Self::IS_RACY) {
        (true, _) => size_of::<WordAligned<NonNull<()>>>(),
        (false, true) => size_of::<WordAligned<Pair<K, V>>>(),
        (false, false) => size_of::<Pair<K, V>>(),
    };
    const ENTRY_ALIGN: usize = match (Self::IS_SHARED, Self::IS_RACY) {
        (true, _) => align_of::<WordAligned<NonNull<()>>>(),
        (false, true) => align_of::<WordAligned<Pair<K, V>>>(),
        (false, false) => align_of::<Pair<K, V>>(),
    };

    /// Whether hashes are kept. Hashes of plain data are computed again when needed.
    pub(super) const KEEPS_HASHES: bool = needs_drop::<K>();

    pub(super) const HASHES: usize = (Self::SLOTS * Self::ENTRY).next_multiple_of(align_of::<LowHash>());
    /// Shared entries have their hashes with them.
    const HASHES_IN_BODY: bool = Self::KEEPS_HASHES && !Self::IS_SHARED;
    pub(super) const STAMPS: usize = (Self::HASHES
        + if Self::HASHES_IN_BODY { Self::SLOTS * size_of::<LowHash>() } else { 0 })
    .next_multiple_of(align_of::<StampOf<P>>());
    pub(super) const MARKS: usize =
        (Self::STAMPS + Self::SLOTS * size_of::<StampOf<P>>()).next_multiple_of(align_of::<Marks>());

    /// The alignment of blocks and bodies.
    const ALIGN: usize = {
        // So a reader that takes one part for another reads whole words of it, see `words`.
        assert!(!Self::IS_RACY || Self::ARE_WORDS, "all parts of a bucket consist of whole words");
        // At least that of a header.
        if Self::ENTRY_ALIGN > HEADER { Self::ENTRY_ALIGN } else { HEADER }
    };

    /// Fails to compile if keys and values need a larger alignment than that of a chunk, which is the smallest page. It
    /// is called where a table is made. A constant of the layout would report the error at each use.
    #[track_caller] // The error points to the caller, not into the standard library.
    pub(super) const fn check_alignment() {
        assert!(Self::ENTRY_ALIGN <= GRAIN, "keys and values can be aligned to at most 4096 bytes");
    }

    /// Whether all parts of a body consist of aligned words.
    const ARE_WORDS: bool = {
        const WORD: usize = size_of::<u64>();
        let parts = [Self::ENTRY, Self::STAMPS, size_of::<StampOf<P>>(), Self::MARKS, size_of::<Marks>(), HEADER];
        let mut part = 0;
        while part < parts.len() && parts[part].is_multiple_of(WORD) {
            part += 1;
        }
        // Kept hashes are smaller than words, but `Copy` keys own nothing, so there are none.
        part == parts.len() && !Self::HASHES_IN_BODY
    };
    pub(super) const BODY: usize =
        (Self::MARKS + if Self::HAS_MARKS { size_of::<Marks>() } else { 0 }).next_multiple_of(Self::ALIGN);
    /// Bytes of a bucket, with its header.
    pub(super) const BUCKET: usize = HEADER.next_multiple_of(Self::ALIGN) + Self::BODY;

    /// A chunk has two to the power of this many buckets.
    pub(super) const CLASSES: u32 = {
        let (few, many) = (CHUNK / Self::BUCKET, LARGEST_CHUNK / Self::BUCKET);
        let buckets = if few >= LEAST_BUCKETS {
            few
        } else if many < LEAST_BUCKETS {
            many
        } else {
            LEAST_BUCKETS
        };
        let classes = if buckets == 0 { 0 } else { buckets.ilog2() };
        // A chunk consists of whole pages. If more than a sixteenth of it would be unused, twice as many buckets may
        // fit better.
        let (one, two) = (Self::chunk(classes), Self::chunk(classes + 1));
        if (one - (Self::BUCKET << classes)) * 16 > one && two < 2 * one { classes + 1 } else { classes }
    };
    /// Slot numbers have gaps, so that a shift computes the bucket.
    pub(super) const SLOT_BITS: u32 = Self::SLOTS.next_power_of_two().ilog2();
    /// All slots of a bucket.
    #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
    pub(super) const ALL: u32 = (1 << Self::SLOTS as u32) - 1;

    pub(super) const ARENA: arena::BlockShape = arena::BlockShape {
        bucket: Self::BUCKET,
        classes: Self::CLASSES,
        chunk: Self::chunk(Self::CLASSES),
        populated: Self::POPULATED,
        is_racy: Self::IS_RACY,
    };

    /// The bytes of a new chunk that are populated at once: all of a small one; of a large one the headers and the
    /// first half of the bodies. The pages of the other half take no memory until a bucket there gets an entry.
    const POPULATED: usize = {
        let chunk = Self::chunk(Self::CLASSES);
        let half = (chunk / 2 + (HEADER << Self::CLASSES)).next_multiple_of(GRAIN);
        if chunk > 2 * CHUNK && half < chunk { half } else { chunk }
    };

    /// Bytes from the header of a bucket to that of the next one.
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

    /// The slot with an index in a bucket.
    #[inline]
    pub(super) fn slot_at(bucket: BucketNo, slot: usize) -> Slot {
        Slot::at(bucket, slot, Self::SLOT_BITS)
    }

    /// The bucket of a slot, and its index there, which may be too large for the bucket.
    #[inline]
    pub(super) fn bucket_and_index(slot: Slot) -> (BucketNo, usize) {
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
