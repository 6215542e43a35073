//! What becomes of an entry that its shard has no room for.

use super::{core::Core, session::Session};
use crate::{Cause, Key, Policy, Value, engine::table::Offer, evict::MakesRoom, shard::access::UserCode};

/// A policy that makes room refuses only where a shard is out of slot numbers.
#[cold]
#[track_caller]
pub(crate) fn no_room() -> ! {
    panic!("a shard has no number left for one more entry")
}

impl<K: Key, V: Value, P: Policy, S> Core<K, V, P, S> {
    /// Stores what a call has made and its shard had no room for, where an entry of another shard may be evicted for it; or else it is evicted at
    /// once, as it is where someone else has put in the key meanwhile.
    #[inline]
    #[track_caller]
    pub(crate) fn store_refused(&self, hash: u64, offer: &mut Offer<K, V>, is_refused: bool) {
        if P::PINS && is_refused {
            let shard = self.route(hash);
            let may_fit = self.make_room_elsewhere(shard, offer);
            self.write(shard, UserCode::Traits, |session| {
                if !may_fit || session.find_offered(hash, offer).is_some() || !session.insert(hash, offer, None, false)
                {
                    session.evict_offered(offer);
                }
            });
        }
    }
}

impl<K: Key, V: Value, P: Policy, S> Session<'_, K, V, P, S> {
    /// Stores what is on offer, whose key is not there, under a policy that makes room. Where no entry of this shard may be evicted it stays on offer, to be
    /// [stored](Core::store_refused) without the lock; says whether it does not.
    #[must_use]
    #[track_caller]
    pub(crate) fn insert_new(&mut self, hash: u64, offer: &mut Offer<K, V>) -> bool
    where
        K: Eq,
        P::Eviction: MakesRoom,
    {
        if !self.fits(self.units_of(offer)) {
            self.evict_offered(offer);
        } else if !self.insert(hash, offer, None, !P::PINS) {
            if P::PINS {
                return false;
            }
            no_room();
        }
        true
    }

    /// Evicts what is on offer at once.
    pub(crate) fn evict_offered(&mut self, offer: &mut Offer<K, V>) {
        if offer.is_whole() {
            self.count_evicted();
            self.leave_offered(offer, Cause::Evicted);
        }
    }
}
