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
            self.extend(index + 1);
        }
    }

    #[cold]
    fn extend(&mut self, len: usize) {
        while self.len() < len {
            if self.len().is_multiple_of(Self::PART) {
                self.parts.push(Vec::new_in(self.parts.allocator().clone()));
            }
            if let Some(last) = self.parts.last_mut() {
                if last.len() == last.capacity() {
                    // Double the capacity, up to a full part.
                    let more = last.len().max(Self::LEAST).min(Self::PART - last.len());
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
        self.parts.get(index / Self::PART)?.get(index % Self::PART)
    }
}

impl<T> std::ops::Index<usize> for Chunked<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.parts[index / Self::PART][index % Self::PART]
    }
}

impl<T> std::ops::IndexMut<usize> for Chunked<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.parts[index / Self::PART][index % Self::PART]
    }
}
