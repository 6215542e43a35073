//! One bucket: a header of tags, and slots.

use super::{
    layout::{HEADER, Layout, Pair, StampOf},
    marks::Marks,
    words::{self, Words},
};
use crate::{Policy, engine::table::Offer, expiry::Stamp, memory::sys::prefetch::prefetch};
use std::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
    num::NonZero,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Bodies of up to this many cache lines are fetched as a whole.
const MOST_LINES: usize = 6;

/// A count of displaced entries that is this, or more.
pub(super) const MANY: u8 = u8::MAX;

/// The address of a bucket. It says nothing of what may be done with it.
pub(super) struct Bucket<K, V, P> {
    header: NonNull<u8>,
    body: NonNull<u8>,
    types: PhantomData<(*const K, *const V, P)>,
}

impl<K, V, P> Clone for Bucket<K, V, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, P> Copy for Bucket<K, V, P> {}

/// The tags of a bucket and its count of displaced entries, as of one moment where nobody writes.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Header([u64; 2]);

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

    /// Whether there are several.
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

/// The byte of a hash that tells most entries of other keys: next to the bits that say the bucket, never zero.
#[inline]
pub(super) fn tag(hash: u64) -> u8 {
    #[allow(clippy::cast_possible_truncation, reason = "one byte is wanted")]
    let tag = (hash >> 32) as u8;
    tag + u8::from(tag == 0)
}

/// Has the processor fetch the cache line at an offset.
#[inline]
fn fetch(from: NonNull<u8>, offset: usize) {
    prefetch(from.as_ptr().wrapping_add(offset));
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
    pub(super) fn with_tag_of(self, hash: u64) -> Slots {
        use std::arch::x86_64::{
            _mm_cvtsi64_si128, _mm_max_epu8, _mm_set1_epi8, _mm_shuffle_epi32, _mm_shufflehi_epi16, _mm_unpacklo_epi8,
        };
        // SAFETY: the instructions are there, see the `cfg`.
        #[allow(unused_unsafe, reason = "safe in newer compilers")]
        unsafe {
            // As in `tag`, but for sixteen at once: the byte above the lower half, at least one.
            let hash = _mm_cvtsi64_si128(hash.cast_signed());
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
    pub(super) fn with_tag_of(self, hash: u64) -> Slots {
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

    /// With another tag in a slot.
    #[inline]
    pub(super) fn with(mut self, slot: usize, tag: u8) -> Self {
        let shift = slot % 8 * 8;
        self.0[slot / 8] = self.0[slot / 8] & !(0xff << shift) | u64::from(tag) << shift;
        self
    }

    /// The vacant slots, where a bucket has these slots.
    #[inline]
    pub(super) fn vacant(self, all: u32) -> Slots {
        Slots(self.with_tag(0).0 & all)
    }
}

impl<K, V, P: Policy> Bucket<K, V, P> {
    /// The bucket of this index in a block with this middle.
    ///
    /// # Safety
    ///
    /// The block must have a bucket of this index, or, where readers race, less than a chunk's length of memory beside it must be the arena's.
    #[inline]
    pub(super) unsafe fn new(middle: NonNull<u8>, index: usize) -> Self {
        let at = middle.as_ptr();
        let (header, body) = if Layout::<K, V, P>::HAS_MARKS {
            let body = at.wrapping_add(index * Layout::<K, V, P>::BUCKET);
            (body.wrapping_sub(HEADER), body)
        } else {
            // A header and a body are together often a power of two, so this takes a shift rather than a multiplication.
            let behind = at.wrapping_sub(index * HEADER);
            (behind.wrapping_sub(HEADER), behind.wrapping_add(index * (HEADER + Layout::<K, V, P>::BODY)))
        };
        // SAFETY: the caller's promise: both lie in memory, so they are not null.
        unsafe {
            Bucket { header: NonNull::new_unchecked(header), body: NonNull::new_unchecked(body), types: PhantomData }
        }
    }

    /// Has the processor fetch the body, beside the header that it is about to read: then one miss takes as long as both.
    ///
    /// Of a larger body most lines would be fetched for nothing. There it is one line that a search looks at, if there is such; and meanwhile the
    /// address of the page is translated, on which the entry mostly is, too.
    #[inline]
    pub(super) fn prefetch(self) {
        let lines = (Layout::<K, V, P>::SLOTS * Layout::<K, V, P>::ENTRY).div_ceil(64);
        if lines <= MOST_LINES {
            for line in 0..lines {
                fetch(self.body, line * 64);
            }
        } else if Layout::<K, V, P>::KEEPS_HASHES {
            fetch(self.body, Layout::<K, V, P>::HASHES);
        } else if size_of::<StampOf<P>>() > 0 {
            fetch(self.body, Layout::<K, V, P>::STAMPS);
        } else {
            fetch(self.body, lines / 2 * 64);
        }
    }

    /// Has the processor fetch the header.
    #[inline]
    pub(super) fn prefetch_header(self) {
        fetch(self.header, 0);
    }

    /// Has the processor fetch the entry of one slot, up to two cache lines of it, and its stamp.
    #[inline]
    pub(super) fn prefetch_entry(self, slot: usize) {
        let begin = slot * Layout::<K, V, P>::ENTRY;
        fetch(self.body, begin);
        if Layout::<K, V, P>::ENTRY > 16 {
            fetch(self.body, begin + Layout::<K, V, P>::ENTRY - 1);
        }
        if size_of::<StampOf<P>>() > 0 {
            fetch(self.body, Layout::<K, V, P>::STAMPS + slot * size_of::<StampOf<P>>());
        }
    }

    /// # Safety
    ///
    /// The bucket must be in memory of the arena (or be the empty one that every table starts with). As in all that follows.
    #[inline]
    unsafe fn header_words<'a>(self) -> &'a [AtomicU64; 2] {
        // SAFETY: headers are aligned to their size, and never written but by these words.
        unsafe { self.header.cast::<[AtomicU64; 2]>().as_ref() }
    }

    /// # Safety
    ///
    /// There must be no writer.
    #[inline]
    pub(super) unsafe fn header(self) -> Header {
        // SAFETY: the caller's promise; whoever races only reads. The alignment is as above.
        unsafe { self.header.cast::<Header>().read() }
    }

    /// As [`header`](Bucket::header), where it may be written meanwhile: each half is then what it was at some time.
    #[inline]
    pub(super) unsafe fn header_racy(self) -> Header {
        // The two loads in one instruction, where nothing has to understand what it does.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(sharded_integer_words)))]
        {
            let bytes: std::arch::x86_64::__m128i;
            // SAFETY: this does what the loads below do: processors load each aligned half at once, and order loads as acquiring.
            unsafe {
                std::arch::asm!(
                    "movdqa {bytes}, xmmword ptr [{header}]",
                    header = in(reg) self.header.as_ptr(),
                    bytes = lateout(xmm_reg) bytes,
                    options(nostack, preserves_flags, readonly),
                );
                std::mem::transmute(bytes)
            }
        }
        #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(sharded_integer_words))))]
        {
            // SAFETY: the caller's promise.
            let words = unsafe { self.header_words() };
            Header([words[0].load(Relaxed), words[1].load(Relaxed)])
        }
    }

    /// # Safety
    ///
    /// There must be no other writer, as for the others that write.
    #[inline]
    pub(super) unsafe fn set_header(self, header: Header) {
        // SAFETY: the caller's promise.
        let words = unsafe { self.header_words() };
        words[0].store(header.0[0], Relaxed);
        words[1].store(header.0[1], Relaxed);
    }

    /// The vacant slots.
    #[inline]
    pub(super) unsafe fn vacant(self) -> Slots {
        // SAFETY: the caller's promise.
        unsafe { self.header() }.vacant(Layout::<K, V, P>::ALL)
    }

    /// The slots that have an entry.
    #[inline]
    pub(super) unsafe fn occupied(self) -> Slots {
        // SAFETY: the caller's promise.
        Slots(!unsafe { self.header() }.with_tag(0).0 & Layout::<K, V, P>::ALL)
    }

    #[inline]
    pub(super) unsafe fn is_occupied(self, slot: usize) -> bool {
        // SAFETY: the caller's promise.
        let words = unsafe { self.header_words() };
        words[slot / 8].load(Relaxed) >> (slot % 8 * 8) & 0xff != 0
    }

    #[inline]
    pub(super) unsafe fn set_tag(self, slot: usize, tag: u8) {
        // SAFETY: the caller's promise.
        let word = unsafe { &self.header_words()[slot / 8] };
        let shift = slot % 8 * 8;
        word.store(word.load(Relaxed) & !(0xff << shift) | u64::from(tag) << shift, Relaxed);
    }

    /// The count of displaced entries, read by itself: for who seldom wants it.
    #[inline]
    pub(super) unsafe fn displaced(self) -> u8 {
        // SAFETY: the caller's promise.
        (unsafe { &self.header_words()[1] }.load(Relaxed) >> 56) as u8
    }

    /// Sets the count of displaced entries.
    pub(super) unsafe fn set_displaced(self, count: u8) {
        // SAFETY: the caller's promise.
        let word = unsafe { &self.header_words()[1] };
        word.store(word.load(Relaxed) & (u64::MAX >> 8) | u64::from(count) << 56, Relaxed);
    }

    /// The lower half of the hash of the entry in a slot: as kept, or made anew.
    ///
    /// # Safety
    ///
    /// There must be an entry, which nobody writes.
    #[inline]
    pub(super) unsafe fn hash_of(self, slot: usize, rehash: impl Fn(&K) -> u64 + Copy) -> u64 {
        // SAFETY: the caller's promise.
        unsafe {
            match self.kept_hash(slot) {
                Some(kept) => u64::from(kept.read()),
                None => rehash(&(*self.pair(slot)).key),
            }
        }
    }

    /// Where the hash of a slot's entry is kept, if it is.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot.
    #[inline]
    pub(super) unsafe fn kept_hash(self, slot: usize) -> Option<*mut u32> {
        if !Layout::<K, V, P>::KEEPS_HASHES {
            return None;
        }
        // SAFETY: it lies in the bucket.
        #[allow(clippy::cast_ptr_alignment, reason = "the layout sees to it")]
        Some(unsafe { self.body.as_ptr().add(Layout::<K, V, P>::HASHES).cast::<u32>().add(slot) })
    }

    /// Where the entry of a slot is.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot.
    #[inline]
    pub(super) unsafe fn pair(self, slot: usize) -> *mut Pair<K, V> {
        // SAFETY: it lies in the bucket.
        unsafe { self.body.as_ptr().add(slot * Layout::<K, V, P>::ENTRY).cast() }
    }

    /// Copies an entry to another slot.
    ///
    /// # Safety
    ///
    /// There must be an entry here and no other writer. What is in the other slot is forgotten, and one of the two has to be.
    #[inline]
    unsafe fn copy(self, from: usize, to_bucket: Self, to: usize) {
        // SAFETY: the caller's promise; where readers race, they read by `words::load` of the same type. Slots are apart.
        unsafe {
            let (from, to) = (self.pair(from), to_bucket.pair(to));
            if Layout::<K, V, P>::IS_RACY {
                words::store(to.cast(), &*from.cast::<Words<Pair<K, V>>>());
            } else {
                ptr::copy_nonoverlapping(from, to, 1);
            }
        }
    }

    /// Puts in what is on offer, if that is both a key and a value.
    ///
    /// # Safety
    ///
    /// There must be no other writer. What is in the slot is forgotten.
    #[inline]
    pub(super) unsafe fn put_offer(self, slot: usize, offer: &mut Offer<K, V>) {
        let Some((key, value)) = offer.both() else { return };
        let mut words = Words(MaybeUninit::<Pair<K, V>>::uninit());
        // SAFETY: the caller's promise; where readers race, they read by `words::load` of the same type. The offer is apart, and forgets both.
        unsafe {
            let pair = if Layout::<K, V, P>::IS_RACY { words.0.as_mut_ptr() } else { self.pair(slot) };
            ptr::copy_nonoverlapping(key, &raw mut (*pair).key, 1);
            ptr::copy_nonoverlapping(value, &raw mut (*pair).value, 1);
            if Layout::<K, V, P>::IS_RACY {
                words::store(self.pair(slot).cast(), &words);
            }
        }
        offer.forget();
    }

    /// Copies an entry that may be written meanwhile.
    ///
    /// # Safety
    ///
    /// The table must be one whose readers race.
    #[inline]
    pub(super) unsafe fn copy_racy(self, slot: usize, copy: &mut Words<Pair<K, V>>) {
        // SAFETY: the caller's promise, and whoever writes it does so by `words::store`.
        unsafe { words::load(self.pair(slot).cast(), copy) }
    }

    /// As [`copy_racy`](Bucket::copy_racy), of a small entry, which stays in registers.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub(super) unsafe fn racy_copy(self, slot: usize) -> MaybeUninit<Pair<K, V>> {
        let mut copy = Words(MaybeUninit::uninit());
        // SAFETY: the caller's promise.
        unsafe { self.copy_racy(slot, &mut copy) };
        copy.0
    }

    /// The stamp of a slot, which need not have an entry.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, which is to outlive the result, and have this slot.
    #[inline]
    pub(super) unsafe fn stamp<'a>(self, slot: usize) -> &'a StampOf<P> {
        const { assert!(!mem::needs_drop::<StampOf<P>>()) }
        // SAFETY: it lies in the bucket. Stamps consist of atomics alone, for which zeros and whatever an earlier stamp
        // left are valid; nobody has them exclusively.
        unsafe { &*self.body.as_ptr().add(Layout::<K, V, P>::STAMPS).cast::<StampOf<P>>().add(slot) }
    }

    /// The marks of a bucket, where readers leave some.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, which is to outlive the result.
    #[inline]
    #[allow(clippy::cast_ptr_alignment, reason = "a body is aligned to more, and they lie at a multiple of theirs")]
    pub(super) unsafe fn marks<'a>(self) -> Option<&'a Marks> {
        if !Layout::<K, V, P>::HAS_MARKS {
            return None;
        }
        // SAFETY: they lie in the bucket, and are zero or what earlier marks left.
        Some(unsafe { &*self.body.as_ptr().add(Layout::<K, V, P>::MARKS).cast::<Marks>() })
    }

    /// Moves an entry from here to a vacant slot, with all that belongs to it but its tag.
    ///
    /// # Safety
    ///
    /// There must be an entry here, none there, and no other writer; the tags must be set so that it is there alone.
    #[inline]
    pub(super) unsafe fn transfer(self, from: usize, to_bucket: Self, to: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            self.copy(from, to_bucket, to);
            to_bucket.stamp(to).copy(self.stamp(from));
            if let (Some(here), Some(there)) = (self.kept_hash(from), to_bucket.kept_hash(to)) {
                there.write(here.read());
            }
            if let (Some(here), Some(there)) = (self.marks(), to_bucket.marks()) {
                if here.is_set(from) { there.set(to) } else { _ = there.clear(to) }
            }
        }
    }

    /// Moves an entry from here to a vacant slot.
    ///
    /// # Safety
    ///
    /// There must be an entry here, none there, and no other writer.
    pub(super) unsafe fn move_to(self, from: usize, to_bucket: Self, to: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            self.transfer(from, to_bucket, to);
            to_bucket.set_header(to_bucket.header().with(to, self.header().tag(from)));
            self.set_header(self.header().with(from, 0));
        }
    }

    /// Moves all that is in a bucket to a new one.
    ///
    /// # Safety
    ///
    /// The new one must be empty, and there must be no other writer.
    pub(super) unsafe fn move_all_to(self, to: Self) {
        // SAFETY: the caller's promise.
        unsafe {
            for slot in self.occupied() {
                self.transfer(slot, to, slot);
            }
            to.set_header(self.header());
            self.set_header(Header::EMPTY);
        }
    }
}
