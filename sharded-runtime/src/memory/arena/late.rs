//! An array that is allocated when it is first needed.

use std::{
    hint,
    marker::PhantomData,
    ptr, slice,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

/// An array without elements until they are [made](Late::make), once. Threads share it without a lock.
pub(crate) struct Late<T> {
    first: AtomicPtr<T>,
    /// The size of all elements.
    bytes: AtomicUsize,
    /// It owns the elements.
    elements: PhantomData<Box<[T]>>,
}

/// An index in bytes, so that lookups need no multiplication.
pub(crate) struct Offset<T>(usize, PhantomData<fn() -> T>);

impl<T> Offset<T> {
    /// The offset of no element.
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

    /// The element at this offset, if it exists.
    #[inline]
    pub(crate) fn get(&self, Offset(offset, _): Offset<T>) -> Option<&T> {
        // Acquire: pairs with the release store in `make`.
        if offset >= self.bytes.load(Ordering::Acquire) {
            return None;
        }
        let first = self.first.load(Ordering::Relaxed);
        // SAFETY: the size is stored once, after the address of an array of this size, so the address is that of the
        // array. The array stays until `self` is dropped. An element begins at every multiple of its size. (The
        // assertion saves the caller a test for null.)
        unsafe {
            let element = first.byte_add(offset);
            hint::assert_unchecked(!element.is_null());
            Some(&*element)
        }
    }

    /// All of them.
    pub(crate) fn elements(&self) -> &[T] {
        // Acquire: pairs with the release store in `make`.
        match self.bytes.load(Ordering::Acquire) / size_of::<T>() {
            0 => &[],
            // SAFETY: as in `get`.
            len => unsafe { slice::from_raw_parts(self.first.load(Ordering::Relaxed), len) },
        }
    }

    /// Sets the elements, unless they are set. If another thread sets them at the same time, they may not be visible
    /// yet when this returns.
    pub(crate) fn make(&self, elements: Box<[T]>) {
        let len = elements.len();
        let first = Box::into_raw(elements).cast::<T>();
        // Relaxed: a thread that uses the address has loaded the size before.
        let made = self.first.compare_exchange(ptr::null_mut(), first, Ordering::Relaxed, Ordering::Relaxed);
        if made.is_ok() {
            // Release: pairs with the acquire loads in `get` and `elements`, so they see the address and the elements.
            self.bytes.store(len * size_of::<T>(), Ordering::Release);
        } else {
            // SAFETY: it comes from a box of this length, and no other thread has seen it.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(first, len)) });
        }
    }
}

impl<T> Drop for Late<T> {
    fn drop(&mut self) {
        let (first, len) = (*self.first.get_mut(), *self.bytes.get_mut() / size_of::<T>());
        if !first.is_null() {
            // SAFETY: it comes from a box of this length, and `self` is borrowed by nobody else.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(first, len)) });
        }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Late<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.elements().fmt(f)
    }
}
