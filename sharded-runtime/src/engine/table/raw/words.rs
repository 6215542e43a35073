//! Bytes that may be read while they are written, copied by atomic words.
//!
//! # What a reader without a lock may look at
//!
//! A reader that lost a race may take any word of its arena for any other: a block that it follows may have been given
//! back, be part of another table, or be shorter than the number of a bucket says. It learns that before it uses what
//! it has read, but after it has read it. So each access to such memory, of a reader or of a writer, must be one that
//! may race with any access of a reader. These are all:
//!
//! - It is made of aligned words of eight bytes. Tags, stamps and marks are `AtomicU64`s, entries are [`WordAligned`];
//!   `layout.rs` asserts that each begins at a multiple of eight. Atomic accesses of different sizes are never mixed.
//! - A write is atomic. A writer's own reads may be plain ones: no reader writes but marks, which are marks in blocks
//!   of every size.
//! - What is there is initialized, since a reader may take the bytes of an entry for tags or a stamp. Memory from the
//!   system is zeros. Bytes of a value that were never written, such as padding, become definite when they are stored:
//!   `atomic-maybe-uninit` stores a word by an instruction in assembly, from a register, so what it leaves is one
//!   value, whatever it is. (To make them definite before, by an empty assembly, takes `with_mut` one instruction
//!   more.)
//! - It is the arena's: a number is below that of a chunk's buckets, so a reader looks less than a chunk beside its
//!   block, and the first and the last chunk of a span are never used, also of spans that are parts of reservations
//!   (see `arena`).
//!
//! A value may have bytes that were never written, such as padding; to copy those through integers would be undefined,
//! so the words are those of the crate `atomic-maybe-uninit`. `ThreadSanitizer` does not see into its assembly: with
//! `--cfg sharded_integer_words`, sound only where there is no padding, the words are std's atomic integers.

use std::mem::MaybeUninit;

/// A value in whole words. All that is shared with readers that race is accessed by words of this one width.
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

/// Copies what lies at `from` to `to`, word by word. Where it is written meanwhile, the result is a mixture, of no use
/// but to be thrown away.
///
/// # Safety
///
/// `from` must be valid for reads, and written only by [`store`] while anyone may be in here.
#[inline]
pub(super) unsafe fn load<T>(from: *const WordAligned<T>, to: &mut WordAligned<T>) {
    let to = std::ptr::from_mut(to).cast::<MaybeUninit<Word>>();
    for word in 0..size_of::<WordAligned<T>>() / WORD {
        // SAFETY: both consist of so many words, and are aligned to them.
        unsafe { to.add(word).write(imp::load(from.cast::<MaybeUninit<Word>>().add(word))) }
    }
}

/// Writes a value, word by word. The bytes of a value that were never written, such as padding, are copied as well.
///
/// # Safety
///
/// `to` must be valid for writes, with no other writer, and read only by [`load`] while anyone may be in here.
#[inline]
pub(super) unsafe fn store<T>(to: *mut WordAligned<T>, value: &WordAligned<T>) {
    let from = std::ptr::from_ref(value).cast::<MaybeUninit<Word>>();
    for word in 0..size_of::<WordAligned<T>>() / WORD {
        // SAFETY: both consist of so many words, and are aligned to them.
        unsafe { imp::store(to.cast::<MaybeUninit<Word>>().add(word), from.add(word).read()) }
    }
}

/// Copies so many bytes, a multiple of a word, from where readers race to where readers race.
///
/// # Safety
///
/// `from` must be valid for reads and `to` for writes, with no other writer but of marks. Both must be aligned to words
/// and apart.
#[allow(clippy::cast_ptr_alignment, reason = "aligned by the caller's promise")]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, bytes: usize) {
    let (from, to) = (from.cast::<MaybeUninit<Word>>(), to.cast::<MaybeUninit<Word>>());
    for word in 0..bytes / WORD {
        // SAFETY: the caller's promise.
        unsafe { imp::store(to.add(word), imp::load(from.add(word))) }
    }
}
