//! A lock whose value is also read without it.

use super::view::{View, ViewState};
use crate::{memory::sync::RawMutex, shard::lock::traits::Cell};
use std::{mem::offset_of, ptr};

/// A mutex, and a view for readers that do not take it. The sequence number of the view is odd while the holder of the
/// mutex may change the value.
///
/// Readers without the lock do not get a `&T`: only the holder of the lock gets a reference to the value.
#[derive(Debug)]
#[repr(C)] // The view comes first, since it is all that readers without the lock use. The value lies behind it, see `View`.
pub struct SequenceLock<T> {
    view: View<T>,
    mutex: RawMutex<T>,
}

impl<T> View<T> {
    /// The state of this view, for its value.
    ///
    /// # Panics
    ///
    /// If `value` lies in another cell than this view.
    #[inline]
    pub(crate) fn state_of(&self, value: &T) -> &ViewState {
        let distance = ptr::from_ref(value).addr().wrapping_sub(ptr::from_ref(self).addr());
        assert!(distance == SequenceLock::<T>::VALUE, "the view of another value");
        self.state()
    }
}

impl<T> SequenceLock<T> {
    /// Bytes from the view, which comes first, to the value.
    const VALUE: usize = offset_of!(SequenceLock<T>, mutex) + RawMutex::<T>::VALUE;

    #[inline]
    pub(crate) fn view(&self) -> &View<T> {
        &self.view
    }

    #[inline]
    fn change<R>(&self, value: &mut T, write: impl FnOnce(&mut T) -> R) -> R {
        // The number is even again before the mutex is unlocked, also on a panic. SAFETY: the caller has the mutex, so
        // there is no other writer. Other functions that give out the value as `&mut` own the whole lock.
        let _odd = unsafe { self.view.write() };
        write(value)
    }
}

impl<T> Cell<T> for SequenceLock<T> {
    fn new(value: T) -> Self {
        SequenceLock { view: View::new(), mutex: RawMutex::new(value) }
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.mutex.with(|value| read(value))
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.mutex.with(|value| self.change(value, write))
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.mutex.try_with(|value| self.change(value, write))
    }

    const TAKES_TURNS: bool = true;

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.mutex.with_in_turn(|value| read(value))
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.mutex.with_in_turn(|value| self.change(value, write))
    }
}
