//! The address of a bucket, and access to its header: code that does not depend on the types of keys and values.

use super::{
    header::{HEADER, Header},
    shape::Shape,
    slot::BucketNo,
    words,
};
use crate::memory::sys::prefetch::prefetch;
use std::{
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed},
};

/// The address of a bucket. It proves nothing about the memory there.
#[derive(Clone, Copy)]
pub(super) struct Address {
    header: NonNull<u8>,
    body: NonNull<u8>,
}

impl Address {
    /// The bucket with this index in the block with this middle.
    ///
    /// # Safety
    ///
    /// The block must have a bucket with this index. In a racy table it is enough that the memory up to a chunk's
    /// length around the block is the arena's.
    #[inline]
    pub(super) unsafe fn new(middle: NonNull<u8>, index: usize, shape: &Shape) -> Self {
        let middle = middle.as_ptr();
        // Headers go down, or both go up, see `layout`.
        let (header, body) = if shape.header_step > 0 {
            let body = middle.wrapping_add(index * shape.body_step);
            (body.wrapping_sub(HEADER), body)
        } else {
            // The sum of a header and a body is often a power of two, so this compiles to a shift rather than a
            // multiplication.
            let behind = middle.wrapping_sub(index * HEADER);
            (behind.wrapping_sub(HEADER), behind.wrapping_add(index * (HEADER + shape.body_step)))
        };
        // SAFETY: the caller's promise: both lie in memory, so they are not null.
        unsafe { Address { header: NonNull::new_unchecked(header), body: NonNull::new_unchecked(body) } }
    }

    /// The bucket with this number in a table with this directory.
    ///
    /// # Safety
    ///
    /// The directory must have an address for the chunk of this bucket, of a block as [`new`](Address::new) asks for.
    #[inline]
    pub(super) unsafe fn of_directory(directory: *const AtomicPtr<u8>, bucket: BucketNo, shape: &Shape) -> Self {
        let classes = shape.arena.classes;
        // SAFETY: the caller's promise. An address in a directory is never null where it is looked at.
        unsafe {
            let middle = (*directory.add((bucket.get() >> classes) as usize)).load(Relaxed);
            let index = (bucket.get() & ((1 << classes) - 1)) as usize;
            Address::new(NonNull::new_unchecked(middle), index, shape)
        }
    }

    #[inline]
    pub(super) fn body(self) -> NonNull<u8> {
        self.body
    }

    /// Prefetches the header.
    #[inline]
    pub(super) fn prefetch_header(self) {
        prefetch(self.header.as_ptr());
    }

    /// Prefetches the cache line at an offset in the body.
    #[inline]
    pub(super) fn fetch_body(self, offset: usize) {
        prefetch(self.body.as_ptr().wrapping_add(offset));
    }

    /// # Safety
    ///
    /// The bucket must be in memory of an arena, or be the empty bucket of tables without memory. This also applies to
    /// all functions below.
    #[inline]
    unsafe fn header_words<'a>(self) -> &'a [AtomicU64; 2] {
        // SAFETY: headers are aligned to their size, and are written only through these words.
        unsafe { self.header.cast::<[AtomicU64; 2]>().as_ref() }
    }

    /// # Safety
    ///
    /// There must be no writer.
    #[inline]
    pub(super) unsafe fn header(self) -> Header {
        // SAFETY: the caller's promise. Threads that race only read. The alignment is as above.
        unsafe { self.header.cast::<Header>().read() }
    }

    /// As [`header`](Address::header), but the header may be written concurrently: each half is then a value that it
    /// had at some time.
    #[inline]
    pub(super) unsafe fn header_racy(self) -> Header {
        // Both loads in one instruction, except under tools that don't understand assembly.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(sharded_integer_words)))]
        {
            let bytes: std::arch::x86_64::__m128i;
            // SAFETY: this does what the loads below do: processors load each aligned half at once, and order loads as
            // acquiring.
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
    /// There must be no other writer. This also applies to the other functions that write.
    #[inline]
    pub(super) unsafe fn set_header(self, header: Header) {
        // SAFETY: the caller's promise.
        let words = unsafe { self.header_words() };
        words[0].store(header.0[0], Relaxed);
        words[1].store(header.0[1], Relaxed);
    }

    #[inline]
    pub(super) unsafe fn is_occupied(self, slot: usize) -> bool {
        // SAFETY: the caller's promise.
        let words = unsafe { self.header_words() };
        words[slot / 8].load(Relaxed) >> (slot % 8 * 8) & 0xff != 0
    }

    /// Sets the tag of a slot, which the bucket must have.
    #[inline]
    pub(super) unsafe fn set_tag(self, slot: usize, tag: u8) {
        // SAFETY: the caller's promise: a bucket has at most 15 slots, so the tag lies in one of the two words.
        let word = unsafe { self.header_words().get_unchecked(slot / 8) };
        let shift = slot % 8 * 8;
        word.store(word.load(Relaxed) & !(0xff << shift) | u64::from(tag) << shift, Relaxed);
    }

    /// As [`set_tag`](Address::set_tag), by one store of a byte.
    ///
    /// # Safety
    ///
    /// There must be no reader without a lock, since those read whole words.
    #[inline]
    pub(super) unsafe fn set_tag_byte(self, slot: usize, tag: u8) {
        let byte = if cfg!(target_endian = "little") { slot } else { slot ^ 7 };
        // SAFETY: the caller's promise: a bucket has at most 15 slots, so the byte lies in the header.
        unsafe { self.header.add(byte).write(tag) }
    }

    /// The count of displaced entries, read without the rest of the header.
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

    /// Moves the contents of a bucket to a new one.
    ///
    /// # Safety
    ///
    /// Both must be of this shape, the new one must be empty, and there must be no other writer.
    pub(super) unsafe fn move_all_to(self, to: Self, shape: &Shape) {
        // SAFETY: the caller's promise: both bodies have this many bytes, and they do not overlap. If readers race, the
        // bytes are whole words.
        unsafe {
            if shape.arena.is_racy {
                words::copy(self.body.as_ptr(), to.body.as_ptr(), shape.body);
            } else {
                ptr::copy_nonoverlapping(self.body.as_ptr(), to.body.as_ptr(), shape.body);
            }
            to.set_header(self.header());
            self.set_header(Header::EMPTY);
        }
    }
}
