//! How a read reaches an entry: without a lock where that goes, or under it.

use super::core::Core;
use crate::{
    Policy,
    engine::table::{Copied, Look, Peek, Place, StampOf, TableOf, Use, UseFetched},
    evict::Eviction,
    expiry::Stamp,
    lock::{Copies, Lock, Raced, View},
    observe::stats::Uses,
    observe::tally::Event,
    shard::access::{Access, UserCode},
    shard::array::ByHash,
};
use std::{borrow::Borrow, hint};

/// Times that a reader looks without a lock before it waits for it.
const TRIES: usize = 16;

/// Bytes of a value above which it is not handed from function to function, since each of them would have a place for it on the stack.
const LARGE: usize = 1024;

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Lends the live value of a key for reading. A use of the entry, counted.
    #[inline]
    #[track_caller]
    pub(crate) fn read<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        copies: Option<Copies<K, V>>,
        user_code: UserCode,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let access = user_code.access::<K, V>();
        // A use that has to be noted in the entry needs the lock.
        if <P::Lock as Lock>::READS_RACE
            && !StampOf::<P>::TRACKS_ACCESS
            && let Some(copies) = copies
        {
            return if size_of::<V>() > LARGE {
                self.read_closely(access, hash, key, copies, read)
            } else {
                self.read_at_a_glance(access, hash, key, copies, read)
            };
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads where an entry mostly lies.
    #[inline]
    #[track_caller]
    fn read_at_a_glance<Q, R>(
        &self,
        access: Access,
        hash: u64,
        key: &Q,
        copies: Copies<K, V>,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let idle = self.idle();
        let glance = |view: &View<TableOf<K, V, P>>| view.glance::<Q, Use>(copies, (hash, key), idle);
        let seen = self.shards.glance(hash, glance);
        // Whatever is not as it mostly is, is left to one call at the end: so nothing has to be kept for after a call.
        match seen {
            Some(Ok(Some((value, deadline)))) if self.is_alive(deadline) && self.tally.add(Event::Hit) => {
                Some(self.shards.without_lock(hash, access, || read(&value)))
            }
            Some(Ok(None)) if self.tally.add(Event::Miss) => None,
            _ => self.read_closely(access, hash, key, copies, read),
        }
    }

    /// Looks once without a lock.
    #[inline]
    #[track_caller]
    fn copy<'p, Q, L: Look>(
        &self,
        (hash, key): (u64, &Q),
        copies: Copies<K, V>,
        place: &'p mut Place<K, V>,
    ) -> Result<Option<Copied<'p, V>>, Raced>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let idle = self.idle();
        let look = self.shards.unlocked(hash, move |view| Some(view.look::<Q, L>(copies, (hash, key), idle, place)));
        look.unwrap_or(Err(Raced))
    }

    /// Lends what was found without a lock.
    #[inline]
    #[track_caller]
    fn read_copied<R>(
        &self,
        hash: u64,
        access: Access,
        found: Option<Copied<'_, V>>,
        read: impl FnOnce(&V) -> R,
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
    fn is_alive(&self, deadline: u64) -> bool {
        !StampOf::<P>::EXPIRES || deadline > self.clock.nanos()
    }

    /// Reads where a glance was not enough: a writer was in the way, or an entry does not lie where it is looked for first.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_closely<Q, R>(
        &self,
        access: Access,
        hash: u64,
        key: &Q,
        copies: Copies<K, V>,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut place = Place::new();
        for _ in 0..=TRIES {
            if let Ok(found) = self.copy::<Q, Use>((hash, key), copies, &mut place) {
                return self.read_copied(hash, access, found, read);
            }
            hint::spin_loop();
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads under the lock.
    #[inline]
    #[track_caller]
    fn read_locked<Q, R>(&self, access: Access, hash: u64, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let shard = ByHash(hash);
        if <P::Lock as Lock>::SHARED_READS {
            self.shards.read(shard, access, |_, table| self.find_shared(table, hash, key).map(read))
        } else {
            self.shards.write(shard, access, |extras, table| self.find_alone(extras.uses(), table, hash, key).map(read))
        }
    }

    /// As [`read`](Core::read), for several keys of one shard: lends what is there, with the index of its key.
    #[track_caller]
    pub(crate) fn read_batch<'q, Q>(&self, keys: impl Iterator<Item = (u64, &'q Q)>, mut read: impl FnMut(usize, &V))
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized + 'q,
    {
        let mut keys = keys.enumerate().peekable();
        let Some(&(_, (hash, _))) = keys.peek() else { return };
        let (shard, access) = (ByHash(hash), UserCode::Traits.access::<K, V>());
        if <P::Lock as Lock>::SHARED_READS {
            self.shards.read(shard, access, |_, table| {
                for (index, (hash, key)) in keys {
                    if let Some(value) = self.find_shared(table, hash, key) {
                        read(index, value);
                    }
                }
            });
        } else {
            self.shards.write(shard, access, |extras, table| {
                for (index, (hash, key)) in keys {
                    if let Some(value) = self.find_alone(extras.uses(), table, hash, key) {
                        read(index, value);
                    }
                }
            });
        }
    }

    /// Reads several keys at once, without a lock where no writer is in the way. The memory of all is fetched side by side, in two rounds: what
    /// says where an entry is, then the entry.
    #[inline]
    #[track_caller]
    pub(crate) fn read_copies<Q>(&self, keys: &[(u64, &Q)], copies: Copies<K, V>, mut read: impl FnMut(Option<V>))
    where
        K: Borrow<Q>,
        V: Clone,
        Q: Eq + ?Sized,
    {
        for &(hash, _) in keys {
            self.shards.unlocked(hash, |view| {
                view.prefetch_header(copies, hash);
                Some(())
            });
        }
        for &(hash, _) in keys {
            self.shards.unlocked(hash, |view| {
                view.prefetch_entry(copies, hash);
                Some(())
            });
        }
        let access = UserCode::Traits.access::<K, V>();
        let mut place = Place::new();
        for &(hash, key) in keys {
            // A use that has to be noted in the entry needs the lock.
            if !StampOf::<P>::TRACKS_ACCESS
                && let Ok(found) = self.copy::<Q, UseFetched>((hash, key), copies, &mut place)
            {
                read(self.read_copied(hash, access, found, V::clone));
            } else {
                read(self.read(hash, key, Some(copies), UserCode::Traits, V::clone));
            }
        }
    }

    /// Finds the live value of a key among other readers.
    #[inline]
    fn find_shared<'a, Q>(&self, table: &'a TableOf<K, V, P>, hash: u64, key: &Q) -> Option<&'a V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if let Some(entry) = table.find(hash, key)
            && self.is_used(entry.stamp())
        {
            self.count(Event::Hit);
            table.hit(entry.slot());
            return Some(entry.value());
        }
        self.count(Event::Miss);
        None
    }

    /// Finds the live value of a key where there is no other reader.
    #[inline]
    fn find_alone<'a, Q>(&self, uses: &Uses, table: &'a mut TableOf<K, V, P>, hash: u64, key: &Q) -> Option<&'a V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !P::Eviction::BOUNDED {
            // Nobody else wants to know of the use.
            if let Some(entry) = table.find(hash, key)
                && self.is_used(entry.stamp())
            {
                uses.hits.add();
                return Some(entry.value());
            }
            uses.misses.add();
            return None;
        }
        let slot = match table.find(hash, key) {
            Some(entry) if self.is_used(entry.stamp()) => entry.slot(),
            _ => {
                uses.misses.add();
                return None;
            }
        };
        uses.hits.add();
        table.hit_mut(slot);
        table.get(slot).map(|entry| entry.value())
    }

    /// Whether an entry with this stamp has not expired; then it counts as used.
    #[inline]
    fn is_used(&self, stamp: &StampOf<P>) -> bool {
        if !StampOf::<P>::EXPIRES {
            return true;
        }
        let now = self.clock.nanos();
        let is_alive = stamp.deadline(self.idle) > now;
        if is_alive {
            stamp.accessed(now);
        }
        is_alive
    }

    /// Looks at the live entry of a key without leaving a trace.
    #[inline]
    #[track_caller]
    pub(crate) fn peek<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        copies: Option<Copies<K, V>>,
        peek: impl FnOnce(&V, u64) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let of_deadline = |deadline: u64| {
            let left = if StampOf::<P>::EXPIRES { deadline.saturating_sub(self.clock.nanos()) } else { deadline };
            (left > 0).then_some(if deadline == u64::MAX { deadline } else { left })
        };
        if <P::Lock as Lock>::READS_RACE
            && let Some(copies) = copies
        {
            let mut place = Place::new();
            for _ in 0..TRIES {
                if let Ok(copied) = self.copy::<Q, Peek>((hash, key), copies, &mut place) {
                    return copied.and_then(|copied| Some(peek(copied.value, of_deadline(copied.deadline)?)));
                }
            }
        }
        let shard = ByHash(hash);
        self.shards.read(shard, UserCode::Traits.access::<K, V>(), |_, table| {
            let entry = table.find(hash, key)?;
            Some(peek(entry.value(), of_deadline(entry.stamp().deadline(self.idle))?))
        })
    }

    /// Whether the entry of a key is there and so old that it is to be loaded anew.
    #[track_caller]
    pub(crate) fn has_old<Q>(&self, hash: u64, key: &Q, copies: Option<Copies<K, V>>) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // Without the lock the idle time is counted in.
        if <P::Lock as Lock>::READS_RACE
            && !StampOf::<P>::TRACKS_ACCESS
            && let Some(copies) = copies
        {
            let mut place = Place::new();
            for _ in 0..TRIES {
                if let Ok(copied) = self.copy::<Q, Peek>((hash, key), copies, &mut place) {
                    return copied.is_some_and(|copied| self.is_old(hash, copied.deadline));
                }
            }
        }
        self.shards.read(ByHash(hash), UserCode::Traits.access::<K, V>(), |_, table| {
            table.find(hash, key).is_some_and(|entry| self.is_old(hash, entry.stamp().deadline(u64::MAX)))
        })
    }
}
