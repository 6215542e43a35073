//! A lock whose value is also read without it.

use super::view::{View, ViewState};
use crate::{memory::sync::RawMutex, shard::lock::traits::Cell};
use std::{cell::UnsafeCell, mem::offset_of, ptr};

/// A mutex, and a view for readers that do not take it. The sequence number of the view is odd while the holder of the
/// mutex may change the value.
///
/// Readers without the lock do not get a `&T`: only the holder of the lock gets a reference to the value.
#[derive(Debug)]
#[repr(C)] // The mutex and the view lie together, since a writer writes both. The value lies behind them, see `View`.
pub struct SequenceLock<T> {
    mutex: RawMutex<()>,
    view: View<T>,
    value: UnsafeCell<T>,
}

// SAFETY: only the thread that has the mutex uses the value, which may be any thread. The others look at the view.
unsafe impl<T: Send> Sync for SequenceLock<T> {}

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
    /// Bytes from the view to the value.
    const VALUE: usize = offset_of!(SequenceLock<T>, value) - offset_of!(SequenceLock<T>, view);

    #[inline]
    pub(crate) fn view(&self) -> &View<T> {
        &self.view
    }

    /// Lends the value for reading.
    ///
    /// # Safety
    ///
    /// This thread must have the mutex.
    #[inline]
    unsafe fn look<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the caller's promise: no other thread uses the value.
        read(unsafe { &*self.value.get() })
    }

    /// Lends the value for changing.
    ///
    /// # Safety
    ///
    /// This thread must have the mutex.
    #[inline]
    unsafe fn change<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        // The number is even again before the mutex is unlocked, also on a panic. SAFETY: the caller has the mutex, so
        // there is no other writer. Other functions that give out the value as `&mut` own the whole lock.
        let _odd = unsafe { self.view.write() };
        // SAFETY: the caller's promise: no other thread uses the value.
        write(unsafe { &mut *self.value.get() })
    }
}

impl<T> Cell<T> for SequenceLock<T> {
    fn new(value: T) -> Self {
        SequenceLock { mutex: RawMutex::new(()), view: View::new(), value: UnsafeCell::new(value) }
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the mutex is taken. So it is below.
        self.mutex.with(|()| unsafe { self.look(read) })
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: as above.
        self.mutex.with(|()| unsafe { self.change(write) })
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        // SAFETY: as above.
        self.mutex.try_with(|()| unsafe { self.change(write) })
    }

    const TAKES_TURNS: bool = true;

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        // SAFETY: as above.
        self.mutex.with_in_turn(|()| unsafe { self.look(read) })
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: as above.
        self.mutex.with_in_turn(|()| unsafe { self.change(write) })
    }
}
