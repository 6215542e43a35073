//! An array that grows without moving what is in it.

use crate::{
    memory::arena::Heap,
    memory::sys::{page::GRAIN, prefetch::prefetch},
};
use allocator_api2::vec::Vec;
use std::mem::size_of;

/// An array in parts: to grow is to add to the last part or to add a part, which is bounded work (but for the addresses of
/// the parts, three words for a page).
#[derive(Debug)]
pub(crate) struct Chunked<T> {
    /// All but the last are full.
    parts: Vec<Vec<T, Heap>, Heap>,
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self::new(&Heap::default())
    }
}

impl<T> Chunked<T> {
    /// Elements of a part, which is a page of the smallest size, or a little less.
    const PART: usize = GRAIN / size_of::<T>();
    /// Elements that the first part has room for at first.
    const LEAST: usize = Self::PART.div_ceil(64);

    /// An array whose elements will lie there.
    pub(crate) fn new(heap: &Heap) -> Self {
        Chunked { parts: Vec::new_in(heap.clone()), len: 0 }
    }

    /// The address and the bytes of a part.
    pub(crate) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.parts.get(index).map(|part| (part.as_ptr().addr(), part.capacity() * size_of::<T>()))
    }

    /// As [`part`](Chunked::part), with the parts of another array behind those of this one.
    pub(crate) fn part_or<U>(&self, index: usize, behind: &Chunked<U>) -> Option<(usize, usize)> {
        match index.checked_sub(self.parts.len()) {
            None => self.part(index),
            Some(index) => behind.part(index),
        }
    }
}

impl<T: Default> Chunked<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Sees to it that there is an element of this index.
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
                    // Twice as much, but no more than belongs in a part.
                    let more = last.len().max(Self::LEAST).min(Self::PART - last.len());
                    last.reserve_exact(more);
                }
                last.push(T::default());
                self.len += 1;
            }
        }
    }

    /// Forgets the elements from `len` on.
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

    /// Has the processor fetch the beginning of an element, if there is one.
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
