//! An array that is made when it is first needed.

use std::{
    hint,
    marker::PhantomData,
    ptr, slice,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

/// An array that has no elements until they are [made](Late::make), once. Shared by threads without a lock.
pub(crate) struct Late<T> {
    first: AtomicPtr<T>,
    /// Of all elements.
    bytes: AtomicUsize,
    /// It owns the elements.
    elements: PhantomData<Box<[T]>>,
}

/// An index, in bytes: what is looked up often need not be multiplied each time.
pub(crate) struct Offset<T>(usize, PhantomData<fn() -> T>);

impl<T> Offset<T> {
    /// Of no element.
    pub(crate) const NONE: Self = Offset(usize::MAX, PhantomData);

    pub(crate) fn of(index: usize) -> Self {
        index.checked_mul(size_of::<T>()).map_or(Self::NONE, |bytes| Offset(bytes, PhantomData))
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == usize::MAX
    }
}

impl<T> Clone for Offset<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Offset<T> {}

impl<T> Late<T> {
    pub(crate) const fn new() -> Self {
        const { assert!(size_of::<T>() > 0) }
        Late { first: AtomicPtr::new(ptr::null_mut()), bytes: AtomicUsize::new(0), elements: PhantomData }
    }

    /// The element there, if there are so many.
    #[inline]
    pub(crate) fn get(&self, Offset(offset, _): Offset<T>) -> Option<&T> {
        // Acquire: with the release in `make`.
        if offset >= self.bytes.load(Ordering::Acquire) {
            return None;
        }
        let first = self.first.load(Ordering::Relaxed);
        // SAFETY: the size is written once, after the address of an array of this size, so the address is that of the array, which stays until
        // this is dropped; and an element begins at every multiple of an element's size. (That it is not null saves the caller a test.)
        unsafe {
            let element = first.byte_add(offset);
            hint::assert_unchecked(!element.is_null());
            Some(&*element)
        }
    }

    /// All of them.
    pub(crate) fn elements(&self) -> &[T] {
        // Acquire: with the release in `make`.
        match self.bytes.load(Ordering::Acquire) / size_of::<T>() {
            0 => &[],
            // SAFETY: as in `get`.
            len => unsafe { slice::from_raw_parts(self.first.load(Ordering::Relaxed), len) },
        }
    }

    /// Makes these the elements, unless there are some. If another thread does the same at this moment, there may be none yet when this returns.
    pub(crate) fn make(&self, elements: Box<[T]>) {
        let len = elements.len();
        let first = Box::into_raw(elements).cast::<T>();
        // Relaxed: a thread that uses the address has read the size before.
        let made = self.first.compare_exchange(ptr::null_mut(), first, Ordering::Relaxed, Ordering::Relaxed);
        if made.is_ok() {
            // Release: with the acquiring loads in `get` and `elements`, which so see the address and the elements.
            self.bytes.store(len * size_of::<T>(), Ordering::Release);
        } else {
            // SAFETY: it was made of a box of this length just now, and nobody else has it.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(first, len)) });
        }
    }
}

impl<T> Drop for Late<T> {
    fn drop(&mut self) {
        let (first, len) = (*self.first.get_mut(), *self.bytes.get_mut() / size_of::<T>());
        if !first.is_null() {
            // SAFETY: it was made of a box of this length, which nobody looks at any more.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(first, len)) });
        }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Late<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.elements().fmt(f)
    }
}
