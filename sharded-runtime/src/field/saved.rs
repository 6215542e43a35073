//! Saves the entries of a map to a file and restores them, one by one.

use super::{
    core::Core,
    types::{FieldTypes, UsableTypes},
};
use crate::{
    Policy,
    clock::{Moment, Nanos},
    engine::{
        cause::Cause,
        session::Session,
        spec::{OfferFor, Spec},
        table::{Offer, StampOf, Stored},
    },
    expiry::Stamp,
    hasher::KeyHash,
    record::Operation,
    snapshot::{Restored, Times},
};

/// An entry that is saved or restored.
pub(crate) struct Entry<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) times: Times,
}

impl<F: FieldTypes> Core<F> {
    /// Panics if this thread may not access every shard of the map now.
    #[track_caller]
    pub(crate) fn check_order(&self) {
        self.shards.check();
    }

    /// Calls a closure, without the lock, with copies of the entries of a shard that had not expired when the save
    /// `began`. Each entry that is there all the time comes exactly once. This is no use of the entries.
    pub(crate) fn copy_live<E>(
        &self,
        shard: usize,
        began: Moment,
        mut each: impl FnMut(&mut Entry<F::Key, F::Value>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        F::Key: Clone,
        F::Value: Clone,
    {
        self.visit(
            shard,
            |entry, copies| {
                if let Some(times) = self.times(entry.stamp(), began) {
                    copies.push(Entry { key: entry.key().clone(), value: entry.value().clone(), times });
                }
            },
            |copies| copies.iter_mut().try_for_each(&mut each),
        )
    }

    /// The times of an entry with this stamp, if it had not expired when the save `began`.
    ///
    /// An entry that has expired since then is saved with the shortest time that a file can hold, so the process that
    /// restores it calls its listener. If the entry were left out, the process that saves might end before it calls its
    /// own listener.
    fn times(&self, stamp: &StampOf<F::Policy>, began: Moment) -> Option<Times> {
        if stamp.deadline(self.idle).has_passed(began) {
            return None;
        }
        let now = self.now();
        // With an idle time of zero, the deadline is the last use. With an infinite one, it is the end of the ttl.
        let (used, deadline) = (stamp.deadline(Nanos::ZERO), stamp.deadline(Nanos::FOREVER));
        // Where a function says how long an entry lives, "as declared" would ask it again.
        let is_declared = deadline.is_never() && self.ttl.is_forever() && !F::Policy::TTL_OF_ENTRY;
        let left = (!is_declared).then(|| deadline.left(now).max(Nanos::new(1)));
        // The clock is wrong by up to its resolution. `left` is the longest possible time, and `unused` is reduced to
        // the shortest one. So an entry does not expire early after a restart either.
        let unused = if StampOf::<F::Policy>::TRACKS_ACCESS { used.overdue(now) } else { Nanos::ZERO };
        Some(Times { left, unused: unused.minus(self.clock.resolution()) })
    }
}

impl<F: UsableTypes> Core<F> {
    /// Stores an entry of a snapshot. If it is not stored, the listener is called, since no call returns the entry.
    pub(crate) fn restore_entry(&self, entry: Entry<F::Key, F::Value>, restored: &mut Restored) {
        let Entry { key, value, times: Times { left, unused } } = entry;
        let hash = self.hash_for(Operation::Insert, &key);
        let shard = self.route(hash);
        let mut offer = Offer::new(key, value);
        if unused >= self.idle {
            restored.expired += 1;
            self.write(shard, Self::WRITES, |session| session.depart_offered(&mut offer, Cause::Expired));
            return;
        }
        let is_refused = if StampOf::<F::Policy>::TRACKS_ACCESS {
            self.put_unused(hash, &mut offer, left, unused)
        } else {
            matches!(self.store(hash, &mut offer, left), Stored::Refused | Stored::Taken)
        };
        if is_refused {
            restored.refused += 1;
            self.write(shard, Self::WRITES, |session| session.depart_offered(&mut offer, Cause::Evicted));
        } else {
            restored.entries += 1;
        }
    }

    /// Stores the offer with the time that is `left`, as an entry that was `unused` for that time. Returns whether the
    /// entry stays on offer because there is no room.
    fn put_unused(&self, hash: KeyHash, offer: &mut OfferFor<Self>, left: Option<Nanos>, unused: Nanos) -> bool {
        let shard = self.route(hash);
        let put = |offer: &mut OfferFor<Self>| {
            self.write(shard, Self::WRITES, |session| put_unused(session, hash, offer, left, unused));
        };
        put(offer);
        if F::Policy::INDEXED && offer.is_whole() {
            self.store_settled(hash, offer, |offer| {
                put(offer);
                if offer.is_whole() { Stored::Refused } else { Stored::New }
            });
        }
        // As for other inserts into a map with entries that may not be evicted.
        if F::Policy::PINS && offer.is_whole() && self.make_room_elsewhere(hash, offer) {
            put(offer);
        }
        offer.is_whole()
    }
}

/// Stores the entry on offer with this ttl or the declared one, as an entry that was unused for a time shorter than the
/// idle time. It replaces the entry of its key. It stays on offer if there is no room.
fn put_unused<F: Spec<Key: Eq>>(
    session: &mut Session<'_, F>,
    hash: KeyHash,
    offer: &mut Offer<F::Key, F::Value>,
    ttl: Option<Nanos>,
    unused: Nanos,
) {
    if !session.fits(session.weight_of(offer)) {
        return;
    }
    let slot = match session.find_offered(hash, offer) {
        Some(slot) => {
            if session.replace(slot, hash, offer, ttl).is_err() {
                return;
            }
            session.depart_offered(offer, Cause::Replaced);
            Some(slot)
        }
        None => session.insert(hash, offer, ttl),
    };
    if let Some(slot) = slot.filter(|_| unused > Nanos::ZERO) {
        session.used_before(slot, unused);
    }
}
