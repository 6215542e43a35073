//! Reads of one key. If the kind of lock allows it, a read tries without the lock: first with a glance at one slot,
//! then with a full search. It takes the lock if writers interfere.

use super::{
    core::Core,
    types::{CopiesFor, FieldTypes, LockFor, PlaceFor, UsableTypes},
};
use crate::{
    Policy,
    clock::{Deadline, Moment, Nanos},
    engine::spec::{Spec, TableFor},
    engine::table::{Glance, Look, StampOf, Unclear, Unlocked, Use},
    evict::Eviction,
    expiry::Stamp,
    hasher::KeyHash,
    lock::Lock,
    observe::counts::Counts,
    observe::tally::Event,
    record::{Operation, Timed},
    shard::access::Access,
    shard::array::ByHash,
};
use std::{borrow::Borrow, hash::Hash, hint};

/// The number of tries without a lock, after which a reader waits for the lock.
pub(super) const TRIES: usize = 16;

/// Bytes of a value above which it is not passed from function to function, since each would reserve stack for it.
const LARGE: usize = 1024;

impl<F: UsableTypes> Core<F> {
    /// Calls a closure with the live value of a key. This is a counted use of the entry. (A [`Get`](Operation::Get)
    /// clones the value. Other reads run a closure of the user.)
    #[inline]
    #[track_caller]
    pub(crate) fn read<Q: Hash + Eq + ?Sized, R>(
        &self,
        operation: Operation,
        key: &Q,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        let access = if operation == Operation::Get { Self::TRAITS } else { Access::Recorded };
        let hash = self.hasher.hash(key);
        if F::Policy::RECORDS && self.is_due(hash) {
            return self.read_noted((operation, hash), key, access, read);
        }
        self.read_hashed(hash, key, access, read)
    }

    /// A read that a recorder samples. It is a tail call for the whole read, so that other reads keep no values for it.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_noted<Q: Eq + ?Sized, R>(
        &self,
        (operation, hash): (Operation, KeyHash),
        key: &Q,
        access: Access,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        let is_timed = self.note(operation, hash).and(operation != Operation::Get);
        let read = |value: &F::Value| self.timed(is_timed, Timed::Hold, || read(value));
        let found = self.read_hashed(hash, key, access, read);
        self.note_found(hash, found.is_some());
        found
    }

    /// As [`read`](Core::read), for a key that was hashed.
    #[inline]
    #[track_caller]
    pub(super) fn read_hashed<Q: Eq + ?Sized, R>(
        &self,
        hash: KeyHash,
        key: &Q,
        access: Access,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        if F::USES_COPY
            && let Some(copies) = F::COPIES
        {
            return if size_of::<F::Value>() > LARGE {
                self.read_closely(access, (hash, key), copies, read)
            } else {
                self.read_at_a_glance(access, (hash, key), copies, read)
            };
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads without a lock, if no writer interferes and the entry lies in its home bucket.
    #[inline]
    #[track_caller]
    fn read_at_a_glance<Q: Eq + ?Sized, R>(
        &self,
        access: Access,
        (hash, key): (KeyHash, &Q),
        copies: CopiesFor<F>,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        let idle = self.idle();
        {
            let mut place = PlaceFor::<F>::new();
            let place = &mut place;
            let seen = self.shards.glance(hash, move |view| view.look::<Q, Glance>(copies, (hash, key), idle, place));
            match seen {
                Some(Ok(Some(found)))
                    if self.is_alive(found.deadline) && self.is_noted(found.used) && self.tally.add(Event::Hit) =>
                {
                    return Some(self.shards.without_lock(hash, access, || read(found.value)));
                }
                Some(Ok(None)) if self.tally.add(Event::Miss) => return None,
                _ => {}
            }
        }
        // Slow cases share one tail call, so the fast path spills nothing. The place is gone by then: a reader that is
        // announced must not wait for a lock.
        self.read_closely(access, (hash, key), copies, read)
    }

    /// Finds the entry of a key without a lock, in one try.
    #[inline]
    #[track_caller]
    pub(super) fn find_unlocked<'p, Q: Eq + ?Sized, L: Look>(
        &self,
        (hash, key): (KeyHash, &Q),
        copies: CopiesFor<F>,
        idle: Nanos,
        place: &'p mut PlaceFor<F>,
    ) -> Result<Option<Unlocked<'p, F::Value>>, Unclear>
    where
        F::Key: Borrow<Q>,
    {
        let look = self.shards.unlocked(hash, move |view| Some(view.look::<Q, L>(copies, (hash, key), idle, place)));
        look.unwrap_or(Err(Unclear))
    }

    /// Calls a closure with a value that was found without a lock, unless it has [expired](Core::has_expired).
    #[inline]
    #[track_caller]
    pub(super) fn read_unlocked<R>(
        &self,
        hash: KeyHash,
        access: Access,
        found: Option<Unlocked<'_, F::Value>>,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R> {
        // Not by `map`: its closure would hide the caller.
        if let Some(found) = found {
            self.count(Event::Hit);
            return Some(self.shards.without_lock(hash, access, || read(found.value)));
        }
        self.count(Event::Miss);
        None
    }

    /// Whether an entry that was found without a lock has expired. The clock is read after that, and meanwhile the
    /// entry may have been replaced. So it has expired for certain only if it had by a time that was read before. If
    /// not, it must be looked at again, after the time that is then in `before`.
    #[inline]
    pub(super) fn has_expired(&self, deadline: Deadline, before: &mut Option<Moment>) -> Result<bool, Unclear> {
        if self.is_alive(deadline) {
            return Ok(false);
        }
        if before.is_some_and(|before| deadline.has_passed(before)) {
            return Ok(true);
        }
        *before = Some(self.clock.now());
        Err(Unclear)
    }

    /// Whether an entry that was found without a lock has not expired.
    #[inline]
    pub(super) fn is_alive(&self, deadline: Deadline) -> bool {
        !StampOf::<F::Policy>::EXPIRES || deadline.is_never() || !deadline.has_passed(self.clock.now())
    }

    /// Whether a use of an entry is noted that was last noted at `used`, or need not be: not more often than after each
    /// sixteenth of the idle time.
    #[inline]
    pub(super) fn is_noted(&self, used: Moment) -> bool {
        !StampOf::<F::Policy>::TRACKS_ACCESS || self.clock.now().since(used) < self.idle.sixteenth()
    }

    /// Notes a use of the entry of a key, under the lock.
    #[cold]
    #[track_caller]
    fn note_read<Q: Eq + ?Sized>(&self, hash: KeyHash, key: &Q)
    where
        F::Key: Borrow<Q>,
    {
        self.shards.read(ByHash(hash), Self::TRAITS, |_, table| {
            if let Some(entry) = table.find(hash, key) {
                self.note_use(entry.stamp());
            }
        });
    }

    /// Reads if a glance is not enough: a writer interferes, or the entry does not lie in its home bucket.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_closely<Q: Eq + ?Sized, R>(
        &self,
        access: Access,
        (hash, key): (KeyHash, &Q),
        copies: CopiesFor<F>,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        let (mut before, mut is_noted) = (None, false);
        for _ in 0..=TRIES {
            let mut place = PlaceFor::<F>::new();
            if let Ok(found) = self.find_unlocked::<Q, Use>((hash, key), copies, self.idle(), &mut place)
                && let Ok(has_expired) =
                    found.as_ref().map_or(Ok(false), |it| self.has_expired(it.deadline, &mut before))
            {
                let found = found.filter(|_| !has_expired);
                if is_noted || found.as_ref().is_none_or(|it| self.is_noted(it.used)) {
                    return self.read_unlocked(hash, access, found, read);
                }
                // This waits for the lock, which a reader that is announced must not. So the value is read anew.
                drop(place);
                self.note_read(hash, key);
                is_noted = true;
            }
            hint::spin_loop();
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads under the lock.
    #[inline]
    #[track_caller]
    fn read_locked<Q: Eq + ?Sized, R>(
        &self,
        access: Access,
        hash: KeyHash,
        key: &Q,
        read: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        self.lock_to_read(access, hash, |mut locked| locked.find(hash, key).map(read))
    }

    /// Locks the shard of a hash for reading: shared, if the lock can be.
    #[inline]
    #[track_caller]
    pub(super) fn lock_to_read<R>(
        &self,
        access: Access,
        hash: KeyHash,
        read: impl FnOnce(LockedReader<'_, F>) -> R,
    ) -> R {
        let shard = ByHash(hash);
        if LockFor::<F>::SHARED_READS {
            self.shards.read(shard, access, |_, table| read(LockedReader::Shared(self, table)))
        } else {
            self.shards
                .write(shard, access, |extras, table| read(LockedReader::Exclusive(self, extras.counts(), table)))
        }
    }

    /// Finds the live value of a key under a shared lock.
    #[inline]
    fn find_shared<'a, Q: Eq + ?Sized>(&self, table: &'a TableFor<Self>, hash: KeyHash, key: &Q) -> Option<&'a F::Value>
    where
        F::Key: Borrow<Q>,
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
    fn find_exclusive<'a, Q: Eq + ?Sized>(
        &self,
        counts: &Counts,
        table: &'a mut TableFor<Self>,
        hash: KeyHash,
        key: &Q,
    ) -> Option<&'a F::Value>
    where
        F::Key: Borrow<Q>,
    {
        if !<F::Policy as Policy>::Eviction::BOUNDED {
            // The eviction does not count this use.
            if let Some(entry) = table.find(hash, key)
                && self.note_use(entry.stamp())
            {
                counts.hits.add();
                return Some(entry.value());
            }
            counts.misses.add();
            return None;
        }
        let slot = match table.find(hash, key) {
            Some(entry) if self.note_use(entry.stamp()) => entry.slot(),
            _ => {
                counts.misses.add();
                return None;
            }
        };
        counts.hits.add();
        table.hit_mut(slot);
        table.get(slot).map(|entry| entry.value())
    }

    /// Records a use of an entry with this stamp, unless it has expired. Returns whether it is alive.
    #[inline]
    fn note_use(&self, stamp: &StampOf<F::Policy>) -> bool {
        if !StampOf::<F::Policy>::EXPIRES {
            return true;
        }
        let deadline = stamp.deadline(self.idle);
        // The clock may be slow, and one of the user's own.
        if !StampOf::<F::Policy>::TRACKS_ACCESS && deadline.is_never() {
            return true;
        }
        let now = self.clock.now();
        let is_alive = !deadline.has_passed(now);
        if is_alive {
            stamp.accessed(now);
        }
        is_alive
    }
}

/// The table of a shard, locked for reading.
pub(super) enum LockedReader<'a, F: FieldTypes> {
    /// There may be other readers.
    Shared(&'a Core<F>, &'a TableFor<Core<F>>),
    /// There are no others.
    Exclusive(&'a Core<F>, &'a Counts, &'a mut TableFor<Core<F>>),
}

impl<F: UsableTypes> LockedReader<'_, F> {
    pub(super) fn table(&self) -> &TableFor<Core<F>> {
        match self {
            LockedReader::Shared(_, table) => table,
            LockedReader::Exclusive(_, _, table) => table,
        }
    }

    /// Finds the live value of a key. This is a counted use of the entry.
    #[inline]
    pub(super) fn find<Q: Eq + ?Sized>(&mut self, hash: KeyHash, key: &Q) -> Option<&F::Value>
    where
        F::Key: Borrow<Q>,
    {
        match self {
            LockedReader::Shared(core, table) => core.find_shared(table, hash, key),
            LockedReader::Exclusive(core, counts, table) => core.find_exclusive(counts, table, hash, key),
        }
    }
}
