//! What leaves a shard, to be told of. Where a call hands out what it takes, who is told gets a copy: the caller is not to wait until
//! all that comes before has been told.

use super::{
    core::{BATCH, Core},
    garbage::Drops,
    locked::Locked,
};
use crate::{
    Cause, Policy,
    shards::Runs,
    table::{Cursor, Offer},
};
use std::borrow::Borrow;

impl<K, V, P: Policy, S> Locked<'_, K, V, P, S> {
    /// Leaves an entry that was taken out to be told of, or else to be dropped, after the lock is released.
    #[inline]
    pub(super) fn leave(&mut self, entry: (K, V), cause: Cause) {
        match self.core.listening() {
            None => self.garbage.push(entry),
            Some(listening) => self.garbage.tell(entry, cause, listening),
        }
    }

    /// Replaces a value by the one on offer, and hands it out.
    fn hand_replaced(&mut self, slot: u32, offer: &mut Offer<K, V>, ttl: Option<u64>) -> Option<V> {
        // Here and below, the copy comes first: if it can't be made, nothing has happened.
        let copy = self.core.listening()?.copy_value(self.value(slot));
        let value = offer.value.take()?;
        let replaced = self.replace(slot, value, ttl);
        if let Some(key) = offer.take_key() {
            self.leave((key, copy), Cause::Replaced);
        }
        Some(replaced)
    }

    /// Takes out the entry of an occupied slot, whose hash may be known, and hands it out.
    pub(super) fn hand_removed(&mut self, slot: u32, hash: Option<u64>, cause: Cause) -> Option<(K, V)> {
        let listening = self.core.listening()?;
        let entry = self.table.get(slot)?;
        let copy = (listening.copy_key(entry.key()), listening.copy_value(entry.value()));
        let removed = self.remove(slot, hash)?;
        self.leave(copy, cause);
        Some(removed)
    }
}

/// Calls that hand out what they take, where someone is told of it. They stand beside those for everyone else, for whom there is one
/// look more.
impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Stores what is on offer and hands out the value that it replaces. What is refused stays on offer.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn put_telling(&self, hash: u64, offer: &mut Offer<K, V>, ttl: Option<u64>) -> Option<V>
    where
        K: Eq,
    {
        self.write(self.route(hash), Runs::Nothing, |locked| {
            if !locked.fits(locked.units_of(offer)) {
                return None;
            }
            if let Some(slot) = locked.find_offered(hash, offer) {
                return locked.hand_replaced(slot, offer, ttl);
            }
            let _stored = locked.insert(hash, offer, ttl, !P::PINS);
            None
        })
    }

    /// Takes out the entry of a key, if a condition holds for its value.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn take_telling<Q>(
        &self,
        hash: u64,
        key: &Q,
        runs: Runs,
        condition: impl FnOnce(&V) -> bool,
    ) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.write(self.route(hash), runs, |locked| {
            let Some(slot) = locked.find(hash, key) else {
                // Whatever the condition, it could not be asked of what is being loaded.
                self.overtake(locked.open, hash, key);
                return None;
            };
            if condition(locked.value(slot)) { locked.hand_removed(slot, Some(hash), Cause::Removed) } else { None }
        })
    }

    /// Takes out all entries of a shard, some per lock hold, and hands out those that are alive.
    #[track_caller]
    pub(super) fn hand_all(&self, shard: usize, entries: &mut Vec<(K, V)>) {
        let mut next = Some(Cursor::default());
        while let Some(from) = next.take() {
            self.step_out(shard, from, &mut next, |locked, slot| {
                entries.extend(locked.hand_removed(slot, None, Cause::Removed));
            });
        }
        self.settle_size(shard);
    }

    /// Takes out all entries of a shard, some per lock hold, also where the `Drop` of some panics.
    #[track_caller]
    pub(super) fn clear_telling(&self, shard: usize, drops: &mut Drops) {
        let mut next = Some(Cursor::default());
        while let Some(from) = next.take() {
            let clear = |locked: &mut Locked<'_, K, V, P, S>, slot| {
                if let Some(removed) = locked.remove(slot, None) {
                    locked.leave(removed, Cause::Cleared);
                }
            };
            drops.watch(|| self.step_out(shard, from, &mut next, clear));
        }
        self.settle_size(shard);
    }

    /// One step of taking out: all that is left at its end is where the next one begins.
    #[track_caller]
    fn step_out(
        &self,
        shard: usize,
        from: Cursor,
        next: &mut Option<Cursor>,
        mut take: impl FnMut(&mut Locked<'_, K, V, P, S>, u32),
    ) {
        let mut slots = Vec::new();
        self.write(shard, Runs::Step, |locked| {
            self.overtake_all(locked.open, shard);
            let further = locked.table.walk(from, BATCH, |key| self.hash_of(key), &mut slots);
            for &slot in &slots {
                if locked.is_alive(slot) {
                    take(locked, slot);
                } else {
                    locked.expire(slot);
                }
            }
            *next = further;
        });
    }
}
