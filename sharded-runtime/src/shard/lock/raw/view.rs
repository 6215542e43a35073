//! The data that readers without a lock follow to a value.
//!
//! A view lies in the cell of its value, with the sequence number of that cell. So no reader uses the number of another
//! cell. Only the value sets its view, and knows the meaning of the numbers.

use super::sequence::{Odd, Sequence};
use crate::memory::arena::{self, Directory};
use std::{
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed},
};

/// The data that readers without a lock follow to a `T` in the same cell.
#[derive(Debug)]
#[repr(transparent)]
pub struct View<T> {
    state: ViewState,
    of: PhantomData<fn() -> T>,
}

/// A view without the type of the value: the sequence number of the cell, and the data that it guards.
///
/// All accesses are relaxed: the sequence number orders reads and writes.
#[derive(Debug)]
#[repr(C)] // In the order in which a search reads them.
pub(crate) struct ViewState {
    sequence: Sequence,
    directory: AtomicPtr<AtomicPtr<u8>>,
    numbers: [AtomicU32; NUMBERS],
}

/// The count of numbers in a view.
pub(crate) const NUMBERS: usize = 5;

/// The content of a view: the addresses of the chunks of a value, and numbers that describe them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) directory: Directory,
    pub(crate) numbers: [u32; NUMBERS],
}

impl Shown {
    /// The content of a new view: one home, and no bucket with memory.
    pub(crate) const EMPTY: Shown = Shown { directory: arena::EMPTY, numbers: [1, 0, 0, 1, 0] };
}

impl<T> View<T> {
    pub(super) fn new() -> Self {
        let Shown { directory, numbers } = Shown::EMPTY;
        let state = ViewState {
            sequence: Sequence::new(),
            directory: AtomicPtr::new(directory.as_ptr()),
            numbers: numbers.map(AtomicU32::new),
        };
        View { state, of: PhantomData }
    }

    #[inline]
    pub(crate) fn state(&self) -> &ViewState {
        &self.state
    }

    /// Makes the number odd until the result is dropped.
    ///
    /// # Safety
    ///
    /// There must be no other writer. The value of this view must be changed only while such a result exists, or while
    /// no reader can use the view.
    #[inline]
    pub(super) unsafe fn write(&self) -> Odd<'_> {
        // SAFETY: the caller's promise.
        unsafe { self.state.sequence.write() }
    }
}

impl ViewState {
    #[inline]
    pub(crate) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    #[inline]
    pub(crate) fn directory(&self) -> *const AtomicPtr<u8> {
        self.directory.load(Relaxed)
    }

    #[inline]
    pub(crate) fn number(&self, index: usize) -> u32 {
        self.numbers[index].load(Relaxed)
    }

    /// Lets readers look while `run` runs, in the middle of a write.
    ///
    /// # Safety
    ///
    /// The caller must be what writes the value of this view, or the value. `run` must not change the value.
    #[inline]
    pub(crate) unsafe fn pause<R>(&self, run: impl FnOnce() -> R) -> R {
        // SAFETY: the caller's promise.
        unsafe { self.sequence.pause(run) }
    }

    /// The content, for the writer.
    pub(crate) fn shown(&self) -> Option<Shown> {
        let directory = NonNull::new(self.directory.load(Relaxed))?;
        Some(Shown { directory, numbers: [0, 1, 2, 3, 4].map(|index| self.number(index)) })
    }

    /// Replaces the content.
    ///
    /// # Safety
    ///
    /// Only the value of this view, or its owner, may call this, and the content must be valid for its readers. The
    /// sequence number must be odd, or no reader may use the view.
    #[inline]
    pub(crate) unsafe fn show(&self, Shown { directory, numbers }: Shown) {
        self.directory.store(directory.as_ptr(), Relaxed);
        for (number, shown) in self.numbers.iter().zip(numbers) {
            number.store(shown, Relaxed);
        }
    }
}
