//! Looks at an entry that are no use of it.

use super::{
    core::Core,
    read::TRIES,
    types::{PlaceFor, UsableTypes},
};
use crate::{
    clock::{Deadline, Nanos},
    engine::{spec::Spec, table::Peek},
    expiry::Stamp,
    hasher::KeyHash,
    record::Operation,
    shard::array::ByHash,
};
use std::{borrow::Borrow, hash::Hash, time::Duration};

impl<F: UsableTypes> Core<F> {
    /// Whether a key has a live entry.
    #[track_caller]
    pub(crate) fn contains<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        F::Key: Borrow<Q>,
    {
        self.peek(self.hash_for(Operation::Read, key), key, |_, _| ()).is_some()
    }

    /// A copy of the live value of a key.
    #[track_caller]
    pub(crate) fn peek_copy<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<F::Value>
    where
        F::Key: Borrow<Q>,
        F::Value: Clone,
    {
        self.peek(self.hash_for(Operation::Read, key), key, |value, _| value.clone())
    }

    /// The least time that the entry of a key has left if it is not used. `Duration::MAX` means for ever.
    #[track_caller]
    pub(crate) fn ttl_of<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<Duration>
    where
        F::Key: Borrow<Q>,
    {
        let left = self.peek(self.hasher.hash(key), key, |_, left| left)?;
        Some(if left.is_forever() { Duration::MAX } else { left.minus(self.clock.resolution()).to_duration() })
    }

    /// Calls a closure with the live value of a key and the time that it has left. This is no use of the entry.
    #[inline]
    #[track_caller]
    pub(crate) fn peek<Q: Eq + ?Sized, R>(
        &self,
        hash: KeyHash,
        key: &Q,
        peek: impl FnOnce(&F::Value, Nanos) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        let mut peek = Some(peek);
        self.inspect(self.idle(), hash, key, |value, deadline| {
            let left = deadline.left(self.now());
            if left == Nanos::ZERO {
                return None;
            }
            let peek = peek.take()?;
            Some(peek(value, left))
        })
    }

    /// Whether a key has an entry that is old enough to be refreshed, see [`is_old`](Core::is_old).
    #[track_caller]
    pub(crate) fn has_old<Q: Eq + ?Sized>(&self, hash: KeyHash, key: &Q, ttl: Option<Nanos>) -> bool
    where
        F::Key: Borrow<Q>,
    {
        self.inspect(Nanos::FOREVER, hash, key, |_, deadline| Some(self.is_old(hash, deadline, ttl))).unwrap_or(false)
    }

    /// Calls a closure with the value of a key and its deadline for this idle time, also if it has expired. It counts
    /// nothing and marks nothing. If the closure returns `None` for a copy, it is called once more, under the lock: the
    /// clock is read after the copy was made, so an entry that seems expired may have been replaced meanwhile.
    #[inline]
    #[track_caller]
    fn inspect<Q: Eq + ?Sized, R>(
        &self,
        idle: Nanos,
        hash: KeyHash,
        key: &Q,
        mut inspect: impl FnMut(&F::Value, Deadline) -> Option<R>,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        if F::READS_COPY
            && let Some(copies) = F::COPIES
        {
            // It is gone before the lock is taken: a reader that is announced must not wait for one.
            let mut place = PlaceFor::<F>::new();
            for _ in 0..TRIES {
                if let Ok(found) = self.find_unlocked::<Q, Peek>((hash, key), copies, idle, &mut place) {
                    let found = found?;
                    if let Some(result) = inspect(found.value, found.deadline) {
                        return Some(result);
                    }
                    break;
                }
            }
        }
        self.shards.read(ByHash(hash), Self::TRAITS, |_, table| {
            let entry = table.find(hash, key)?;
            inspect(entry.value(), entry.stamp().deadline(idle))
        })
    }
}
