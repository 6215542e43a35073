//! Writes to maps whose entries neither expire nor are evicted: nobody but the table has to know of an entry, and nothing is to
//! be done on the way but to bring the table to its size. So these are as short as they can be.

use super::{
    core::{Core, Shard},
    limits::STEPS_PER_WRITE,
    session::no_memory,
};

use crate::{
    Policy, StorageOf,
    engine::table::{Handed, NoMemory, Offer, Put, Shown, StampOf, Stored, TableOf},
    evict::Eviction,
    expiry::Stamp,
    shard::access::UserCode,
    shard::array::ByHash,
};
use std::borrow::Borrow;

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Whether the map is such a one.
    pub(crate) const IS_PLAIN: bool = !P::Eviction::BOUNDED && !StampOf::<P>::EXPIRES;

    /// Lends the value of a key for changing. A use of the entry, counted.
    #[inline]
    #[track_caller]
    pub(crate) fn change_plain<Q, R>(&self, hash: u64, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let access = UserCode::Closure.access::<K, V>();
        self.shards.write(ByHash(hash), access, |extras, table| Self::change_in(extras, table, hash, key, change).ok())
    }

    /// As [`change_plain`](Core::change_plain), under the lock. Without a value, gives back what was to be done.
    #[inline]
    fn change_in<Q, F, R>(
        extras: Shard<'_, K, V, P>,
        table: &mut TableOf<K, V, P>,
        hash: u64,
        key: &Q,
        change: F,
    ) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        let changed = table.find_change(hash, key, change);
        match changed {
            Ok(_) => extras.uses().hits.add(),
            Err(_) => extras.uses().misses.add(),
        }
        changed
    }

    /// Stores what is on offer. A value that it replaces, whose entry keeps its key, is then in its place. What has no number to be had stays on
    /// offer.
    #[inline]
    #[track_caller]
    pub(crate) fn put_plain(&self, hash: u64, offer: &mut Offer<K, V>) -> Stored
    where
        K: Eq,
    {
        let access = UserCode::Traits.access::<K, V>();
        self.shards.write(ByHash(hash), access, |extras, table| {
            let put = table.put(hash, offer);
            self.settle_put(put, extras, table, hash, offer)
        })
    }

    /// Lends the value of the key on offer for changing, or stores what is made for it. What has no number to be had stays on offer.
    #[inline]
    #[track_caller]
    pub(crate) fn upsert_plain<R>(
        &self,
        hash: u64,
        offer: &mut Offer<K, V>,
        init: impl FnOnce() -> V,
        update: impl FnOnce(&mut V) -> R,
    ) -> Option<R>
    where
        K: Eq,
    {
        self.shards.write(ByHash(hash), UserCode::Closure.access::<K, V>(), |extras, table| {
            if let Ok(updated) = Self::change_in(extras, table, hash, offer.key()?, update) {
                return Some(updated);
            }
            self.put_made(extras, table, hash, offer, init);
            None
        })
    }

    /// Stores what is made for the key on offer, which is not there, under the lock. (A call, so that the way of those that are there is short.)
    #[inline(never)]
    #[track_caller]
    fn put_made(
        &self,
        extras: Shard<'_, K, V, P>,
        table: &mut TableOf<K, V, P>,
        hash: u64,
        offer: &mut Offer<K, V>,
        init: impl FnOnce() -> V,
    ) where
        K: Eq,
    {
        offer.value = Some(init());
        let put = table.put_new(hash, offer);
        // What is refused stays on offer.
        let _ = self.settle_put(put, extras, table, hash, offer);
    }

    /// Does what the table leaves to be done, and counts.
    #[inline]
    #[track_caller]
    fn settle_put(
        &self,
        put: Put,
        extras: Shard<'_, K, V, P>,
        table: &mut TableOf<K, V, P>,
        hash: u64,
        offer: &mut Offer<K, V>,
    ) -> Stored
    where
        K: Eq,
    {
        let status = extras.status();
        match put {
            Put::Replaced => {
                // What was being loaded was overtaken when the key was put in.
                status.meter.inserts.add();
                return Stored::InPlace;
            }
            Put::Crowded if !self.put_crowded(extras.view(), table, hash, offer) => return Stored::Refused,
            Put::Crowded | Put::Stored => {}
        }
        status.meter.inserts.add();
        status.meter.stored.set(table.len() as u64);
        if status.loads.get() != 0 {
            self.overtake_stored(table, hash);
        }
        Stored::New
    }

    /// As [`overtake_offered`](Core::overtake_offered), when the table has the key already.
    #[cold]
    #[inline(never)]
    fn overtake_stored(&self, table: &TableOf<K, V, P>, hash: u64)
    where
        K: Eq,
    {
        let is_stored = |loading: &K| table.find(hash, loading).is_some();
        self.flights.overtake(self.route(hash), hash, &is_stored);
    }

    /// Takes out the entry of a key, if a condition holds for its value, and hands it out.
    #[inline]
    #[track_caller]
    pub(crate) fn take_plain<Q>(
        &self,
        hash: u64,
        key: &Q,
        user_code: UserCode,
        condition: impl FnOnce(&V) -> bool,
        handed: &mut Handed<K, V>,
    ) where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.shards.write(ByHash(hash), user_code.access::<K, V>(), |extras, table| {
            let (status, view) = (extras.status(), extras.view());
            if table.hand_if(hash, key, condition, handed) {
                status.meter.stored.set(table.len() as u64);
                self.step_plain(view, table);
            } else {
                // Whatever the condition, it could not be asked of what is being loaded.
                self.overtake(status, hash, key);
            }
        });
    }

    #[inline]
    fn step_plain(&self, view: Shown<'_, K, V, StorageOf<P>>, table: &mut TableOf<K, V, P>) {
        if table.needs_step() {
            // Without memory to grow the table is just fuller; later writes try again.
            let _ = self.steps(view, table, STEPS_PER_WRITE, 0);
        }
    }

    /// Stores what is on offer, whose key is not there, in a table that should have another size, or whose home has no vacant slot. Says
    /// whether it could be numbered.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn put_crowded(
        &self,
        view: Shown<'_, K, V, StorageOf<P>>,
        table: &mut TableOf<K, V, P>,
        hash: u64,
        offer: &mut Offer<K, V>,
    ) -> bool {
        self.step_plain(view, table);
        if !table.has_room() {
            return false;
        }
        if let Err(NoMemory) = table.insert::<P>(hash, offer, 1, view) {
            no_memory();
        }
        true
    }
}
