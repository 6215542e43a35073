//! When an entry expires.

use super::locked::Session;
use crate::{
    Policy,
    clock::{Deadline, Moment, Nanos},
    engine::{
        spec::{OfferFor, Spec},
        table::{Slot, StampOf},
    },
    evict::Eviction,
    expiry::Stamp,
    hasher::KeyHash,
};

impl<F: Spec> Session<'_, F> {
    /// The ttl of the entry on offer that comes from its key and value. `None` if one of them is not on offer.
    pub(crate) fn ttl_of_offered(&self, offer: &OfferFor<F>) -> Option<Nanos> {
        offer.key().zip(offer.value.as_ref()).map(|(key, value)| self.field.ttl_of(key, value))
    }

    /// The ttl of the entry of an occupied slot that comes from its key and value, or from the value `instead`.
    pub(crate) fn ttl_of_slot(&self, slot: Slot, instead: Option<&F::Value>) -> Option<Nanos> {
        self.table.get(slot).map(|entry| self.field.ttl_of(entry.key(), instead.unwrap_or_else(|| entry.value())))
    }

    /// Restarts the ttl of the entry of an occupied slot, whose key has this hash, with this length or the declared
    /// one.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "saves 14 of 383 instructions: `table/README.md`")]
    pub(crate) fn restart(&mut self, slot: Slot, hash: KeyHash, ttl: Option<Nanos>) {
        if StampOf::<F::Policy>::EXPIRES {
            let now = self.now;
            let (own, ttl) = match ttl {
                None => (None, self.field.ttl_for(hash)),
                Some(ttl) => {
                    let ttl = self.field.lengthened(ttl);
                    (Some(ttl), ttl)
                }
            };
            self.set_times(slot, (now, now.plus(ttl)), own);
        }
    }

    /// Sets the time of the last use of an entry to `unused` ago.
    #[cfg(feature = "serde")]
    pub(crate) fn used_before(&mut self, slot: Slot, unused: Nanos) {
        if let Some(deadline) = self.deadline(slot) {
            self.set_times(slot, (self.now.minus(unused), deadline), None);
        }
    }

    #[inline]
    fn set_times(&mut self, slot: Slot, times: (Moment, Deadline), own: Option<Nanos>) {
        let is_first = self.table.set_times(slot, times, own, self.now, self.field.idle());
        if <F::Policy as Policy>::Eviction::BOUNDED && is_first {
            self.publish_earliest();
        }
    }
}
