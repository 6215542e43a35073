//! Bytes that may be read while they are written, copied by atomic words.
//!
//! A value may have bytes that were never written, such as padding; to copy those through integers would be undefined, so
//! the words are those of the crate `atomic-maybe-uninit`. ThreadSanitizer does not see into its assembly: with
//! `--cfg sharded_integer_words`, sound only where there is no padding, the words are std's atomic integers.

use std::mem::MaybeUninit;

#[cfg(not(any(sharded_integer_words, loom)))]
mod imp {
    use atomic_maybe_uninit::{
        AtomicMaybeUninit,
        raw::{AtomicLoad, AtomicStore, Primitive},
    };
    use std::{mem::MaybeUninit, sync::atomic::Ordering::Relaxed};

    pub(super) trait Word: Primitive + AtomicLoad + AtomicStore {}
    impl<T: Primitive + AtomicLoad + AtomicStore> Word for T {}

    #[inline]
    pub(super) unsafe fn load<W: Word>(from: *const W) -> MaybeUninit<W> {
        // SAFETY: the caller's promise.
        unsafe { AtomicMaybeUninit::<W>::from_ptr(from.cast_mut().cast()) }.load(Relaxed)
    }

    #[inline]
    pub(super) unsafe fn store<W: Word>(to: *mut W, word: MaybeUninit<W>) {
        // SAFETY: the caller's promise.
        unsafe { AtomicMaybeUninit::<W>::from_ptr(to.cast()) }.store(word, Relaxed);
    }
}

#[cfg(any(sharded_integer_words, loom))]
mod imp {
    use std::{
        mem::MaybeUninit,
        sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed},
    };

    pub(super) trait Word: Sized {
        unsafe fn load(from: *const Self) -> Self;
        unsafe fn store(to: *mut Self, word: Self);
    }

    macro_rules! word {
        ($($integer:ty: $atomic:ty),*) => {$(
            impl Word for $integer {
                unsafe fn load(from: *const Self) -> Self {
                    // SAFETY: the caller's promise.
                    unsafe { <$atomic>::from_ptr(from.cast_mut()) }.load(Relaxed)
                }
                unsafe fn store(to: *mut Self, word: Self) {
                    // SAFETY: the caller's promise.
                    unsafe { <$atomic>::from_ptr(to) }.store(word, Relaxed);
                }
            }
        )*};
    }
    word!(u8: AtomicU8, u16: AtomicU16, u32: AtomicU32, u64: AtomicU64);

    pub(super) unsafe fn load<W: Word>(from: *const W) -> MaybeUninit<W> {
        // SAFETY: the caller's promise.
        MaybeUninit::new(unsafe { W::load(from) })
    }

    pub(super) unsafe fn store<W: Word>(to: *mut W, word: MaybeUninit<W>) {
        // SAFETY: this configuration is for values without padding, whose words are all initialised.
        unsafe { W::store(to, word.assume_init()) }
    }
}

/// Copies what lies at `from`, word by word. Where it is written meanwhile, the result is a mixture, of no use but to be
/// thrown away.
///
/// # Safety
///
/// `from` must be aligned, valid for reads of a `T`, and written only by [`store`] with the same `T` while anyone may be in here.
#[inline]
pub(super) unsafe fn load<T>(from: *const T) -> MaybeUninit<T> {
    let mut copy = MaybeUninit::<T>::uninit();
    // SAFETY: the caller's promise; the copy is a `T` as well, so as large and as well aligned.
    unsafe {
        match align_of::<T>() {
            1 => load_words::<u8>(from.cast(), copy.as_mut_ptr().cast(), size_of::<T>()),
            2 => load_words::<u16>(from.cast(), copy.as_mut_ptr().cast(), size_of::<T>()),
            4 => load_words::<u32>(from.cast(), copy.as_mut_ptr().cast(), size_of::<T>()),
            _ => load_words::<u64>(from.cast(), copy.as_mut_ptr().cast(), size_of::<T>()),
        }
    }
    copy
}

/// Writes a value, word by word.
///
/// # Safety
///
/// `to` must be aligned and valid for writes of a `T`, with no other writer, and read only by [`load`] with the same `T` while
/// anyone may be in here.
#[inline]
pub(super) unsafe fn store<T>(to: *mut T, value: MaybeUninit<T>) {
    // SAFETY: as in `load`.
    unsafe {
        match align_of::<T>() {
            1 => store_words::<u8>(to.cast(), value.as_ptr().cast(), size_of::<T>()),
            2 => store_words::<u16>(to.cast(), value.as_ptr().cast(), size_of::<T>()),
            4 => store_words::<u32>(to.cast(), value.as_ptr().cast(), size_of::<T>()),
            _ => store_words::<u64>(to.cast(), value.as_ptr().cast(), size_of::<T>()),
        }
    }
}

#[inline]
unsafe fn load_words<W: imp::Word>(from: *const W, to: *mut MaybeUninit<W>, bytes: usize) {
    for word in 0..bytes / size_of::<W>() {
        // SAFETY: within the `T` of `load`, whose size is a multiple of its alignment, the word's size.
        unsafe { to.add(word).write(imp::load(from.add(word))) }
    }
}

#[inline]
unsafe fn store_words<W: imp::Word>(to: *mut W, from: *const MaybeUninit<W>, bytes: usize) {
    for word in 0..bytes / size_of::<W>() {
        // SAFETY: within the `T` of `store`, as above.
        unsafe { imp::store(to.add(word), from.add(word).read()) }
    }
}
