//! Reads: without a lock where the lock allows it and no writer is in the way, else under the lock.
//!
//! | a read | goes |
//! |---|---|
//! | of one key | at a glance, or closely, or under the lock |
//! | of several keys | without a lock each, or all keys of a shard under its lock |
//! | that leaves no trace | without a lock, or under it |

use super::{
    core::Core,
    types::{FieldTypes, LockFor, UsableTypes},
};
use crate::{
    Policy,
    clock::{Deadline, Nanos},
    engine::spec::{Spec, TableFor},
    engine::table::{Copied, Glance, Look, Peek, Place, StampOf, Unclear, Use, UseFetched},
    evict::Eviction,
    expiry::Stamp,
    hasher::KeyHash,
    lock::{Copies, Lock},
    observe::stats::Uses,
    observe::tally::Event,
    shard::access::{Access, UserCode},
    shard::array::ByHash,
};
use std::{borrow::Borrow, hint};

/// How often a reader tries without a lock before it waits for it.
const TRIES: usize = 16;

/// Bytes of a value above which it is not passed from function to function, since each would have a place for it on the
/// stack.
const LARGE: usize = 1024;

impl<F: UsableTypes> Core<F> {
    /// Lends the live value of a key for reading. A use of the entry, counted.
    #[inline]
    #[track_caller]
    pub(crate) fn read<Q, R>(
        &self,
        hash: KeyHash,
        key: &Q,
        user_code: UserCode,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let access = Self::access(user_code);
        // A use that must be noted in the entry needs the lock.
        if LockFor::<F>::READS_RACE
            && !StampOf::<F::Policy>::TRACKS_ACCESS
            && let Some(copies) = F::COPIES
        {
            return if size_of::<F::Value>() > LARGE {
                self.read_closely(access, hash, key, copies, read)
            } else {
                self.read_at_a_glance(access, hash, key, copies, read)
            };
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads without a lock, if no writer is in the way and the entry lies in its home bucket.
    #[inline]
    #[track_caller]
    fn read_at_a_glance<Q, R>(
        &self,
        access: Access,
        hash: KeyHash,
        key: &Q,
        copies: Copies<F::Key, F::Value>,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let idle = self.idle();
        let mut place = Place::new();
        let place = &mut place;
        let seen = self.shards.glance(hash, move |view| view.look::<Q, Glance>(copies, (hash, key), idle, place));
        // Slow cases share one tail call, so the fast path spills nothing.
        match seen {
            Some(Ok(Some(found))) if self.is_alive(found.deadline) && self.tally.add(Event::Hit) => {
                Some(self.shards.without_lock(hash, access, || read(found.value)))
            }
            Some(Ok(None)) if self.tally.add(Event::Miss) => None,
            _ => self.read_closely(access, hash, key, copies, read),
        }
    }

    /// Copies the value of a key without a lock, in one try.
    #[inline]
    #[track_caller]
    fn copy<'p, Q, L: Look>(
        &self,
        (hash, key): (KeyHash, &Q),
        copies: Copies<F::Key, F::Value>,
        idle: Nanos,
        place: &'p mut Place<F::Key, F::Value>,
    ) -> Result<Option<Copied<'p, F::Value>>, Unclear>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let look = self.shards.unlocked(hash, move |view| Some(view.look::<Q, L>(copies, (hash, key), idle, place)));
        look.unwrap_or(Err(Unclear))
    }

    /// Lends a value that was copied without a lock.
    #[inline]
    #[track_caller]
    fn read_copied<R>(
        &self,
        hash: KeyHash,
        access: Access,
        found: Option<Copied<'_, F::Value>>,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R> {
        // Not by `map`: its closure would hide the caller.
        if let Some(copied) = found
            && self.is_alive(copied.deadline)
        {
            self.count(Event::Hit);
            return Some(self.shards.without_lock(hash, access, || read(copied.value)));
        }
        self.count(Event::Miss);
        None
    }

    /// Whether a copied entry has not expired.
    #[inline]
    fn is_alive(&self, deadline: Deadline) -> bool {
        !StampOf::<F::Policy>::EXPIRES || !deadline.has_passed(self.clock.now())
    }

    /// Reads where a glance is not enough: a writer is in the way, or the entry does not lie in its home bucket.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_closely<Q, R>(
        &self,
        access: Access,
        hash: KeyHash,
        key: &Q,
        copies: Copies<F::Key, F::Value>,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut place = Place::new();
        for _ in 0..=TRIES {
            if let Ok(found) = self.copy::<Q, Use>((hash, key), copies, self.idle(), &mut place) {
                return self.read_copied(hash, access, found, read);
            }
            hint::spin_loop();
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads under the lock.
    #[inline]
    #[track_caller]
    fn read_locked<Q, R>(&self, access: Access, hash: KeyHash, key: &Q, read: impl FnOnce(&F::Value) -> R) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.lock_to_read(access, hash, |mut locked| locked.find(hash, key).map(read))
    }

    /// As [`read`](Core::read), for several keys of one shard, which are locked once and fetched side by side: lends
    /// each value that is there, with the index of its key.
    #[track_caller]
    pub(crate) fn read_batch<T, Q>(
        &self,
        keys: &[(KeyHash, T)],
        key: impl Fn(&T) -> &Q,
        mut read: impl FnMut(&T, &F::Value),
    ) where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Some(&(hash, _)) = keys.first() else { return };
        self.lock_to_read(Self::access(UserCode::Traits), hash, |mut locked| {
            if self.is_worth_fetching(keys) {
                for &part in TableFor::<Self>::FETCHES {
                    for &(hash, _) in keys {
                        locked.table().fetch::<Q>(part, hash);
                    }
                }
            }
            for (hash, item) in keys {
                if let Some(value) = locked.find(*hash, key(item)) {
                    read(item, value);
                }
            }
        });
    }

    /// Locks the shard of a hash for reading: shared, if the lock can be.
    #[inline]
    #[track_caller]
    fn lock_to_read<R>(&self, access: Access, hash: KeyHash, read: impl FnOnce(LockedReader<'_, F>) -> R) -> R {
        let shard = ByHash(hash);
        if LockFor::<F>::SHARED_READS {
            self.shards.read(shard, access, |_, table| read(LockedReader::Shared(self, table)))
        } else {
            self.shards.write(shard, access, |extras, table| read(LockedReader::Alone(self, extras.uses(), table)))
        }
    }

    /// Reads several keys at once, without a lock where no writer is in the way. The memory of all is fetched side by
    /// side, in two rounds: the headers, then the entries.
    #[inline]
    #[track_caller]
    pub(crate) fn read_copies<Q>(
        &self,
        keys: &[(KeyHash, &Q)],
        copies: Copies<F::Key, F::Value>,
        mut read: impl FnMut(Option<F::Value>),
    ) where
        F::Key: Borrow<Q>,
        F::Value: Clone,
        Q: Eq + ?Sized,
    {
        self.fetch_unlocked(keys, copies);
        let access = Self::access(UserCode::Traits);
        let mut place = Place::new();
        for &(hash, key) in keys {
            // A use that must be noted in the entry needs the lock.
            if !StampOf::<F::Policy>::TRACKS_ACCESS
                && let Ok(found) = self.copy::<Q, UseFetched>((hash, key), copies, self.idle(), &mut place)
            {
                read(self.read_copied(hash, access, found, F::Value::clone));
            } else {
                read(self.read(hash, key, UserCode::Traits, F::Value::clone));
            }
        }
    }

    /// Finds the live value of a key under a shared lock.
    #[inline]
    fn find_shared<'a, Q>(&self, table: &'a TableFor<Self>, hash: KeyHash, key: &Q) -> Option<&'a F::Value>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if let Some(entry) = table.find(hash, key)
            && self.note_use(entry.stamp())
        {
            self.count(Event::Hit);
            table.hit(entry.slot());
            return Some(entry.value());
        }
        self.count(Event::Miss);
        None
    }

    /// Finds the live value of a key under the exclusive lock.
    #[inline]
    fn find_alone<'a, Q>(
        &self,
        uses: &Uses,
        table: &'a mut TableFor<Self>,
        hash: KeyHash,
        key: &Q,
    ) -> Option<&'a F::Value>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !<F::Policy as Policy>::Eviction::BOUNDED {
            // No eviction has to know of the use.
            if let Some(entry) = table.find(hash, key)
                && self.note_use(entry.stamp())
            {
                uses.hits.add();
                return Some(entry.value());
            }
            uses.misses.add();
            return None;
        }
        let slot = match table.find(hash, key) {
            Some(entry) if self.note_use(entry.stamp()) => entry.slot(),
            _ => {
                uses.misses.add();
                return None;
            }
        };
        uses.hits.add();
        table.hit_mut(slot);
        table.get(slot).map(|entry| entry.value())
    }

    /// Notes a use of an entry with this stamp, unless it has expired. Returns whether it is alive.
    #[inline]
    fn note_use(&self, stamp: &StampOf<F::Policy>) -> bool {
        if !StampOf::<F::Policy>::EXPIRES {
            return true;
        }
        let now = self.clock.now();
        let is_alive = !stamp.deadline(self.idle).has_passed(now);
        if is_alive {
            stamp.accessed(now);
        }
        is_alive
    }

    /// Lends the live value of a key and the time that it has left. This is no use of the entry.
    #[inline]
    #[track_caller]
    pub(crate) fn peek<Q, R>(&self, hash: KeyHash, key: &Q, peek: impl FnOnce(&F::Value, Nanos) -> R) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = self.inspect(self.idle(), hash, key, |value, deadline| {
            let left = deadline.left(self.now());
            (left > Nanos::ZERO).then(|| peek(value, left))
        });
        found?
    }

    /// Whether the entry of a key is there and so old that it is to be loaded anew.
    #[track_caller]
    pub(crate) fn has_old<Q>(&self, hash: KeyHash, key: &Q) -> bool
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.inspect(Nanos::FOREVER, hash, key, |_, deadline| self.is_old(hash, deadline)).unwrap_or(false)
    }

    /// Lends the value of a key and its deadline by this idle time, also if it has expired. Leaves no trace.
    #[inline]
    #[track_caller]
    fn inspect<Q, R>(
        &self,
        idle: Nanos,
        hash: KeyHash,
        key: &Q,
        inspect: impl FnOnce(&F::Value, Deadline) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if LockFor::<F>::READS_RACE
            && let Some(copies) = F::COPIES
        {
            let mut place = Place::new();
            for _ in 0..TRIES {
                if let Ok(copied) = self.copy::<Q, Peek>((hash, key), copies, idle, &mut place) {
                    return copied.map(|copied| inspect(copied.value, copied.deadline));
                }
            }
        }
        self.shards.read(ByHash(hash), Self::access(UserCode::Traits), |_, table| {
            table.find(hash, key).map(|entry| inspect(entry.value(), entry.stamp().deadline(idle)))
        })
    }
}

/// The table of a shard, locked for reading.
enum LockedReader<'a, F: FieldTypes> {
    /// There may be other readers.
    Shared(&'a Core<F>, &'a TableFor<Core<F>>),
    /// There are no others.
    Alone(&'a Core<F>, &'a Uses, &'a mut TableFor<Core<F>>),
}

impl<F: UsableTypes> LockedReader<'_, F> {
    fn table(&self) -> &TableFor<Core<F>> {
        match self {
            LockedReader::Shared(_, table) => table,
            LockedReader::Alone(_, _, table) => table,
        }
    }

    /// Finds the live value of a key. A use of the entry, counted.
    #[inline]
    fn find<Q>(&mut self, hash: KeyHash, key: &Q) -> Option<&F::Value>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        match self {
            LockedReader::Shared(core, table) => core.find_shared(table, hash, key),
            LockedReader::Alone(core, uses, table) => core.find_alone(uses, table, hash, key),
        }
    }
}
