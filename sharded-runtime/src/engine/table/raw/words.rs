//! Copying values that may be read while they are written, by atomic words.
//!
//! # What a reader without a lock may look at
//!
//! A reader that has lost a race may take any word of its arena for any other: a block that it follows may have been
//! given back, belong to another table, or be shorter than it assumes. The reader notices that before it uses the
//! values, but after it has read them. So each access to such memory, by a reader or a writer, must be allowed to race
//! with any access of a reader. That holds for these reasons:
//!
//! - Each access is to an aligned word of eight bytes. Tags, stamps and marks are `AtomicU64`s, and entries are
//!   [`WordAligned`]. `layout.rs` asserts that each begins at a multiple of eight. Atomic accesses of different sizes
//!   are never mixed.
//! - Each write is atomic. A writer may use plain reads: readers write nothing but marks, which lie at the same offsets
//!   in blocks of all sizes.
//! - All memory is initialized, since a reader may take the bytes of an entry for tags or a stamp. Memory from the
//!   system is zeroed. Uninitialized bytes of a value, such as padding, become initialized when they are stored:
//!   `atomic-maybe-uninit` stores a word by an instruction in assembly, from a register, which has some fixed value.
//!   (Fixing the value before, by an empty assembly block, costs `with_mut` one more instruction.)
//! - All addresses belong to the arena: the index of a bucket is below the number of buckets of a chunk, so a reader
//!   reads less than a chunk beyond its block. The first and the last chunk of a span are never used, also in spans
//!   that are parts of reservations (see `arena`).
//!
//! A value may have uninitialized bytes, such as padding. Copying those as integers would be undefined, so the words
//! are those of the crate `atomic-maybe-uninit`. `ThreadSanitizer` does not see accesses in assembly. With `--cfg
//! sharded_integer_words`, which is sound only for values without padding, the words are atomic integers of std.

use std::mem::MaybeUninit;

/// A value in whole words. All memory that racing readers share is accessed by words of this width.
#[repr(C, align(8))]
pub(super) struct WordAligned<T>(pub(super) MaybeUninit<T>);

type Word = u64;
const WORD: usize = size_of::<Word>();

#[cfg(not(sharded_integer_words))]
mod imp {
    use atomic_maybe_uninit::AtomicMaybeUninit;
    use std::{mem::MaybeUninit, sync::atomic::Ordering::Relaxed};

    #[inline]
    pub(super) unsafe fn load(from: *const MaybeUninit<u64>) -> MaybeUninit<u64> {
        // SAFETY: the caller's promise.
        unsafe { AtomicMaybeUninit::<u64>::from_ptr(from.cast_mut()) }.load(Relaxed)
    }

    #[inline]
    pub(super) unsafe fn store(to: *mut MaybeUninit<u64>, word: MaybeUninit<u64>) {
        // SAFETY: the caller's promise.
        unsafe { AtomicMaybeUninit::<u64>::from_ptr(to) }.store(word, Relaxed);
    }
}

#[cfg(sharded_integer_words)]
mod imp {
    use std::{
        mem::MaybeUninit,
        sync::atomic::{AtomicU64, Ordering::Relaxed},
    };

    pub(super) unsafe fn load(from: *const MaybeUninit<u64>) -> MaybeUninit<u64> {
        // SAFETY: the caller's promise.
        MaybeUninit::new(unsafe { AtomicU64::from_ptr(from.cast_mut().cast()) }.load(Relaxed))
    }

    pub(super) unsafe fn store(to: *mut MaybeUninit<u64>, word: MaybeUninit<u64>) {
        // SAFETY: the caller's promise; this configuration is for values without padding.
        unsafe { AtomicU64::from_ptr(to.cast()).store(word.assume_init(), Relaxed) }
    }
}

/// Copies the value at `from` to `to`, word by word. If it is written concurrently, the result is a mixture that must
/// not be used.
///
/// # Safety
///
/// `from` must be valid for reads. During calls of this function it must be written only by [`store`].
#[inline]
pub(super) unsafe fn load<T>(from: *const WordAligned<T>, to: &mut WordAligned<T>) {
    let to = std::ptr::from_mut(to).cast::<MaybeUninit<Word>>();
    for word in 0..size_of::<WordAligned<T>>() / WORD {
        // SAFETY: both consist of so many words, and are aligned to them.
        unsafe { to.add(word).write(imp::load(from.cast::<MaybeUninit<Word>>().add(word))) }
    }
    // loom does not see these words. A load that sees a store comes after what precedes the store. (The models of the
    // sequence lock have atomics of loom in their place.)
    #[cfg(loom)]
    crate::memory::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

/// Writes a value, word by word, with any uninitialized bytes.
///
/// # Safety
///
/// `to` must be valid for writes, with no other writer. During calls of this function it must be read only by [`load`].
#[inline]
pub(super) unsafe fn store<T>(to: *mut WordAligned<T>, value: &WordAligned<T>) {
    #[cfg(loom)]
    crate::memory::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    let from = std::ptr::from_ref(value).cast::<MaybeUninit<Word>>();
    for word in 0..size_of::<WordAligned<T>>() / WORD {
        // SAFETY: both consist of so many words, and are aligned to them.
        unsafe { imp::store(to.cast::<MaybeUninit<Word>>().add(word), from.add(word).read()) }
    }
}

/// Copies bytes, a multiple of a word, between memory that racing readers share.
///
/// # Safety
///
/// `from` must be valid for reads and `to` for writes, with no other writer except of marks. Both must be aligned to
/// words, and must not overlap.
#[allow(clippy::cast_ptr_alignment, reason = "aligned by the caller's promise")]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, bytes: usize) {
    let (from, to) = (from.cast::<MaybeUninit<Word>>(), to.cast::<MaybeUninit<Word>>());
    for word in 0..bytes / WORD {
        // SAFETY: the caller's promise.
        unsafe { imp::store(to.add(word), imp::load(from.add(word))) }
    }
}
