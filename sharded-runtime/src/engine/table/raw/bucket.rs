//! One bucket: a header of tags, and slots.

use super::{
    header::{HEADER, Header, Slots},
    layout::{Layout, Pair, StampOf},
    marks::Marks,
    offer::Offer,
    words::{self, Words},
};
use crate::{Policy, expiry::Stamp, memory::sys::prefetch::prefetch};
use std::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed},
};

/// Bodies of up to this many cache lines are fetched as a whole.
const MOST_LINES: usize = 6;

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

/// Has the processor fetch the cache line at an offset.
#[inline]
fn fetch(from: NonNull<u8>, offset: usize) {
    prefetch(from.as_ptr().wrapping_add(offset));
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

    /// The bucket of this number in a table with this directory.
    ///
    /// # Safety
    ///
    /// The directory must have an address for the chunk of this bucket, of a block as [`new`](Bucket::new) asks for.
    #[inline]
    pub(super) unsafe fn of_directory(directory: *const AtomicPtr<u8>, number: u32) -> Self {
        let classes = Layout::<K, V, P>::CLASSES;
        // SAFETY: the caller's promise. An address in a directory is never null where it is looked at.
        unsafe {
            let middle = (*directory.add((number >> classes) as usize)).load(Relaxed);
            let index = (number & ((1 << classes) - 1)) as usize;
            Bucket::new(NonNull::new_unchecked(middle), index)
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
