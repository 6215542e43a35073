//! What has to be noted of an access while it lasts, see `order.rs`.

use std::mem::needs_drop;

/// What runs under the lock of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// A closure of the user.
    Closure,
    /// The same, in one step of many on the same shard.
    Step,
    /// Nothing of the user's but `Eq` and `Clone`.
    Nothing,
}

impl Runs {
    /// What that makes of an access to such keys and values.
    #[inline]
    pub(crate) const fn access<K, V>(self) -> Access {
        match self {
            Runs::Step => Access::Step,
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
    /// The same, in one step of many on the same shard: whoever waits has the lock next.
    Step,
}

impl Access {
    #[inline]
    pub(super) fn is_recorded(self) -> bool {
        self != Access::Unrecorded
    }
}
