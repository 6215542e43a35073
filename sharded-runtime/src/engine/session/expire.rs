//! Removing what has expired.

use super::locked::Session;
use crate::engine::{cause::Cause, spec::Spec, units::Units};

impl<F: Spec> Session<'_, F> {
    /// Looks through so many buckets that are due, but removes only so many entries. Returns whether nothing is due any
    /// more.
    #[inline]
    pub(crate) fn sweep(&mut self, buckets: usize, entries: usize) -> bool {
        !self.table.is_due(self.now) || self.sweep_due(buckets, entries)
    }

    #[cold]
    #[inline(never)]
    fn sweep_due(&mut self, mut buckets: usize, mut entries: usize) -> bool {
        while self.table.is_due(self.now) {
            if buckets == 0 || entries == 0 {
                return false;
            }
            match self.table.next_expired(self.now, self.field.idle()) {
                Some(slot) => {
                    entries -= 1;
                    self.remove(slot, None, Cause::Expired);
                }
                None => buckets -= 1,
            }
        }
        true
    }

    /// Takes out an entry that has expired, if one is found in so many buckets that are due or, if it `searches`,
    /// others. Returns its units, which stay taken.
    #[cold]
    pub(crate) fn take_expired(&mut self, searches: bool, buckets: &mut usize) -> Option<Units> {
        let found = self.table.any_expired(self.now, self.field.idle(), searches, buckets);
        // The search may have found that nothing expires before a later time.
        self.shard.status().earliest.set(self.table.tell_earliest());
        self.depart(found?, None, Cause::Expired, None)
    }

    /// An entry has come that expires before the bound that other shards know of this one.
    #[cold]
    #[inline(never)]
    pub(super) fn publish_earliest(&mut self) {
        let deadline = self.table.tell_earliest();
        self.shard.status().earliest.set(deadline);
        self.field.expired_shards().note(deadline);
    }
}
