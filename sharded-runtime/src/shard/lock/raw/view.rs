//! What readers without a lock follow.
//!
//! A view lies in the cell of its value, before it, together with the sequence number of that cell. So no reader
//! follows one value with the number of another. Only the value sets its view, and knows what the numbers mean.

use super::sequence::{Odd, Sequence};
use crate::memory::arena::{self, Directory};
use std::{
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed},
};

/// What readers without a lock follow of a `T` in the same cell.
#[derive(Debug)]
#[repr(transparent)]
pub struct View<T> {
    state: ViewState,
    of: PhantomData<fn() -> T>,
}

/// The contents of a view, without the type of the value: the sequence number of the cell, and what it guards.
///
/// Relaxed throughout: the sequence number orders reads and writes.
#[derive(Debug)]
#[repr(C)] // In the order in which a search reads them.
pub(crate) struct ViewState {
    sequence: Sequence,
    directory: AtomicPtr<AtomicPtr<u8>>,
    numbers: [AtomicU32; NUMBERS],
}

/// How many numbers a view has.
pub(crate) const NUMBERS: usize = 5;

/// What a view shows: where the chunks of a value are, and numbers that say what is in which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) directory: Directory,
    pub(crate) numbers: [u32; NUMBERS],
}

impl Shown {
    /// What a new view shows: one home, and no bucket that has memory.
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
    /// There must be no other writer. The value of this view must be changed only while such a result exists, or where
    /// no reader can look.
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

    /// What it shows, for the writer.
    pub(crate) fn shown(&self) -> Option<Shown> {
        let directory = NonNull::new(self.directory.load(Relaxed))?;
        Some(Shown { directory, numbers: [0, 1, 2, 3, 4].map(|index| self.number(index)) })
    }

    /// Shows something else.
    ///
    /// # Safety
    ///
    /// The value of this view, or its owner, must be what calls this, and must keep what is shown as its readers expect
    /// it. The number must be odd, or no reader may look.
    #[inline]
    pub(crate) unsafe fn show(&self, Shown { directory, numbers }: Shown) {
        self.directory.store(directory.as_ptr(), Relaxed);
        for (number, shown) in self.numbers.iter().zip(numbers) {
            number.store(shown, Relaxed);
        }
    }
}
