//! What has to be noted of an access while it lasts, see `order.rs`, and how it takes the lock.

use crate::lock::Cell;
use std::mem::needs_drop;

/// What runs under the lock of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// A closure of the user.
    Closure,
    /// Nothing of the user's but `Eq` and `Clone`.
    Nothing,
}

impl Runs {
    /// What that makes of an access to such keys and values.
    #[inline]
    pub(crate) const fn access<K, V>(self) -> Access {
        match self {
            Runs::Nothing if !needs_drop::<K>() && !needs_drop::<V>() => Access::Unrecorded,
            Runs::Closure | Runs::Nothing => Access::Recorded,
        }
    }
}

/// What an access to a shard is to the accesses around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing can come from inside it.
    Unrecorded,
    /// The thread is inside the shard meanwhile, as far as nested accesses can tell.
    Recorded,
}

/// A recorded access that is one step of many on the same shard: whoever waits has the lock next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step;

/// How an access takes the lock: a type for each way, so that a closure is compiled for the one that it goes.
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

/// An access in which this runs.
pub(crate) trait Running: Copy {
    type Turn: Turn;
    fn turn<K, V>(self) -> Self::Turn;
}

impl Running for Runs {
    type Turn = Access;

    #[inline]
    fn turn<K, V>(self) -> Access {
        self.access::<K, V>()
    }
}

impl Running for Step {
    type Turn = Step;

    #[inline]
    fn turn<K, V>(self) -> Step {
        self
    }
}
