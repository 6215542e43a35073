//! An array that grows without moving its elements.

use crate::{
    memory::arena::Heap,
    memory::sys::{page::GRAIN, prefetch::prefetch},
};
use allocator_api2::vec::Vec;
use std::mem::size_of;

/// An array in parts. Growing extends the last part or adds one, so its work is bounded, except for the list of parts
/// (three words per part).
#[derive(Debug)]
pub(crate) struct Chunked<T> {
    /// All parts but the last are full.
    parts: Vec<Vec<T, Heap>, Heap>,
    /// At most the number of elements in all parts. So an access checks one bound.
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self::new(&Heap::default())
    }
}

impl<T> Chunked<T> {
    /// Elements of a full part, which takes at most one page of the smallest size.
    const PART: usize = GRAIN / size_of::<T>();
    /// The initial capacity of the first part, in elements.
    const LEAST: usize = Self::PART.div_ceil(64);

    /// An empty array that allocates its elements from `heap`.
    pub(crate) fn new(heap: &Heap) -> Self {
        Chunked { parts: Vec::new_in(heap.clone()), len: 0 }
    }

    /// The address and the bytes of a part.
    pub(crate) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.parts.get(index).map(|part| (part.as_ptr().addr(), part.capacity() * size_of::<T>()))
    }

    /// Like [`part`](Chunked::part) of the concatenation of this array and `next`.
    pub(crate) fn part_or<U>(&self, index: usize, next: &Chunked<U>) -> Option<(usize, usize)> {
        match index.checked_sub(self.parts.len()) {
            None => self.part(index),
            Some(index) => next.part(index),
        }
    }
}

impl<T: Default> Chunked<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Grows the array so that it has an element with this index.
    #[inline]
    pub(crate) fn reach(&mut self, index: usize) {
        if index >= self.len() {
            self.grow_to(index + 1);
        }
    }

    /// Grows the array so that it has at least so many elements.
    #[cold]
    pub(crate) fn grow_to(&mut self, len: usize) {
        while self.len() < len {
            // (A part may be there already, if its allocation has panicked.)
            if self.len / Self::PART == self.parts.len() {
                self.parts.push(Vec::new_in(self.parts.allocator().clone()));
            }
            if let Some(last) = self.parts.last_mut() {
                if last.len() == last.capacity() {
                    // Double the capacity, up to a full part, or take what is missing at once.
                    let more = last.len().max(Self::LEAST).max(len - self.len).min(Self::PART - last.len());
                    last.reserve_exact(more);
                }
                last.push(T::default());
                self.len += 1;
            }
        }
    }

    /// Drops the elements from index `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.parts.truncate(len.div_ceil(Self::PART));
        if !len.is_multiple_of(Self::PART)
            && len / Self::PART < self.parts.len()
            && let Some(last) = self.parts.last_mut()
        {
            last.truncate(len % Self::PART);
            last.shrink_to_fit();
        }
    }

    /// Prefetches the first cache line of an element, if it exists.
    #[inline]
    pub(crate) fn prefetch(&self, index: usize) {
        if let Some(element) = self.get(index) {
            prefetch(std::ptr::from_ref(element).cast());
        }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        if index >= self.len {
            return None;
        }
        // SAFETY: the parts have at least `len` elements. All parts before that of the element are full, so it is the
        // one with this number, and has the element.
        Some(unsafe { self.parts.get_unchecked(index / Self::PART).get_unchecked(index % Self::PART) })
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index >= self.len {
            return None;
        }
        // SAFETY: as in `get`.
        Some(unsafe { self.parts.get_unchecked_mut(index / Self::PART).get_unchecked_mut(index % Self::PART) })
    }
}

impl<T: Default> std::ops::Index<usize> for Chunked<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        self.get(index).unwrap_or_else(|| no_element(index))
    }
}

impl<T: Default> std::ops::IndexMut<usize> for Chunked<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        self.get_mut(index).unwrap_or_else(|| no_element(index))
    }
}

#[cold]
fn no_element(index: usize) -> ! {
    panic!("there is no element {index}")
}
