//! How an access enters a shard: whether it is recorded (see `order.rs`), and how it takes the lock.

use crate::lock::Cell;

/// Whether an access is recorded, so that nested accesses are checked against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// No code runs that could access another shard.
    Unrecorded,
    /// The thread counts as inside the shard until the access ends. For accesses that run user code.
    Recorded,
}

/// A recorded access that is one of many steps on the same shard: after it, a waiting thread gets the lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step;

/// How an access takes the lock. Each way is a type, so that a closure is compiled for one way only.
pub(crate) trait Turn: Copy {
    fn is_recorded(self) -> bool;
    fn read<T, R>(self, cell: &impl Cell<T>, read: impl FnOnce(&T) -> R) -> R;
    fn write<T, R>(self, cell: &impl Cell<T>, write: impl FnOnce(&mut T) -> R) -> R;
}

impl Turn for Access {
    #[inline]
    fn is_recorded(self) -> bool {
        self != Access::Unrecorded
    }

    #[inline]
    fn read<T, R>(self, cell: &impl Cell<T>, read: impl FnOnce(&T) -> R) -> R {
        cell.read(read)
    }

    #[inline]
    fn write<T, R>(self, cell: &impl Cell<T>, write: impl FnOnce(&mut T) -> R) -> R {
        cell.write(write)
    }
}

impl Turn for Step {
    #[inline]
    fn is_recorded(self) -> bool {
        true
    }

    #[inline]
    fn read<T, R>(self, cell: &impl Cell<T>, read: impl FnOnce(&T) -> R) -> R {
        cell.read_in_turn(read)
    }

    #[inline]
    fn write<T, R>(self, cell: &impl Cell<T>, write: impl FnOnce(&mut T) -> R) -> R {
        cell.write_in_turn(write)
    }
}
