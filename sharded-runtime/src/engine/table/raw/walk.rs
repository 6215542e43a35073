//! Walks over all entries of a table, and the end of a table.

use super::{
    bucket::Bucket,
    layout::Layout,
    removed::{Destination, Removed},
    shared::SharedEntry,
    slot::{BucketNo, Slot},
    table::RawTable,
};
use crate::{
    Policy,
    clock::{Deadline, Moment, Nanos},
    expiry::Stamp,
    hasher::{KeyHash, LowHash},
};
use std::mem::ManuallyDrop;

/// The position of a walk: it has met all hashes with a lower [rank](super::homes::Homes::rank).
///
/// The hashes of a home are a range of ranks, even if homes are split or merged between two steps. This is the idea of
/// the cursor of Redis' `SCAN`. In addition, hashes are compared with the cursor, so each entry is met only once even
/// if homes were merged.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor(u64);

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Collects the slots and hashes of entries from `cursor` on, home by home until there are `enough`. Returns where
    /// to continue, or `None` at the end.
    pub(crate) fn walk(
        &self,
        mut cursor: Cursor,
        enough: usize,
        rehash: impl Fn(&K) -> KeyHash + Copy,
        entries: &mut Vec<(Slot, LowHash)>,
    ) -> Option<Cursor> {
        let homes = self.homes();
        let mut next = homes.at(cursor.0);
        while let Some(home) = next
            && entries.len() < enough
        {
            // The cursor is inside of a home only if homes were merged since the last step.
            let is_whole = homes.begin(home) >= cursor.0;
            for number in home.up_to(self.end_of_chain(home).next()) {
                // SAFETY: the chain consists of buckets of this table.
                let bucket = unsafe { self.bucket(number) };
                // SAFETY: as above.
                for slot in unsafe { bucket.occupied() } {
                    // SAFETY: there is an entry in this slot, and nobody writes.
                    let hash = unsafe { bucket.hash_of(slot, rehash) };
                    if homes.of(hash) == home && (is_whole || homes.rank(hash) >= cursor.0) {
                        entries.push((Layout::<K, V, P>::slot_at(number, slot), hash));
                    }
                }
            }
            cursor = Cursor(homes.end(home));
            next = homes.at(cursor.0);
        }
        next.map(|_| cursor)
    }

    /// All entries, to be taken out of their slots.
    ///
    /// # Panics
    ///
    /// If this thread reads a map with shared entries, and would wait for itself. The entries are leaked.
    pub(crate) fn into_entries(mut self, idle: Nanos) -> Entries<K, V, P, I> {
        assert!(self.wait_for_readers(), "readers may hold the entries, and this thread can't wait for them");
        Entries { table: self, bucket: BucketNo::FIRST, idle }
    }

    /// The slot of the first entry of the bucket `from` or of a later one.
    fn next_entry(&self, from: &mut BucketNo) -> Option<(Bucket<K, V, P>, usize)> {
        while from.is_below(self.buckets.count()) {
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(*from) };
            // SAFETY: the bucket is one of this table's.
            if let Some(slot) = unsafe { bucket.occupied() }.first() {
                return Some((bucket, slot));
            }
            *from = from.next();
        }
        None
    }

    /// Buckets that have memory.
    pub(crate) fn bucket_count(&self) -> u32 {
        self.buckets.count()
    }

    /// The slot of an expired entry of this bucket, or else the earlier of `earliest` and the first deadline in it.
    pub(crate) fn first_expired(
        &self,
        number: BucketNo,
        now: Moment,
        idle: Nanos,
        mut earliest: Deadline,
    ) -> Result<Slot, Deadline> {
        if !number.is_below(self.buckets.count()) {
            return Err(earliest);
        }
        // SAFETY: the number is below that of the buckets.
        let bucket = unsafe { self.bucket(number) };
        // SAFETY: the bucket is one of this table's.
        for slot in unsafe { bucket.occupied() } {
            // SAFETY: as above, while the table is borrowed.
            let deadline = unsafe { bucket.stamp(slot) }.deadline(idle);
            if deadline.has_passed(now) {
                return Ok(Layout::<K, V, P>::slot_at(number, slot));
            }
            earliest = earliest.or_earlier(deadline);
        }
        Err(earliest)
    }

    /// The bucket of a slot.
    pub(crate) fn bucket_of(slot: Slot) -> BucketNo {
        Layout::<K, V, P>::bucket_and_index(slot).0
    }
}

/// The entries of a table that was taken apart.
pub(crate) struct Entries<K, V, P: Policy, I> {
    table: RawTable<K, V, P, I>,
    bucket: BucketNo,
    idle: Nanos,
}

impl<K, V, P: Policy, I> Entries<K, V, P, I> {
    /// The deadline of the entry that is [taken](Entries::take) next, if one is left.
    pub(crate) fn deadline(&mut self) -> Option<Deadline> {
        let (bucket, slot) = self.table.next_entry(&mut self.bucket)?;
        // SAFETY: the bucket is the table's.
        Some(unsafe { bucket.stamp(slot) }.deadline(self.idle))
    }

    /// Moves the next entry to `removed`. Returns whether there was one.
    pub(crate) fn take(&mut self, removed: &mut Removed<K, V>) -> bool {
        let Some((bucket, slot)) = self.table.next_entry(&mut self.bucket) else { return false };
        // SAFETY: there is an entry, and then its tag is cleared. The table is owned.
        unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                SharedEntry::give(bucket.shared_entry(slot), removed);
            } else {
                let pair = bucket.pair(slot);
                removed.put(&raw const (*pair).key, &raw const (*pair).value);
            }
            bucket.set_tag(slot, 0);
        }
        *self.table.buckets.geometry.len_mut() -= 1;
        true
    }
}

impl<K, V, P: Policy, I> Drop for RawTable<K, V, P, I> {
    fn drop(&mut self) {
        /// Continues after a `drop` of the user has panicked.
        struct Rest<'a, K, V, P: Policy, I>(&'a mut RawTable<K, V, P, I>, BucketNo);
        impl<K, V, P: Policy, I> Rest<'_, K, V, P, I> {
            fn drop_entries(&mut self) {
                while let Some((bucket, slot)) = self.0.next_entry(&mut self.1) {
                    *self.0.buckets.geometry.len_mut() -= 1;
                    // SAFETY: there is an entry. Its tag is cleared before it is dropped, which may panic.
                    unsafe {
                        bucket.set_tag(slot, 0);
                        if Layout::<K, V, P>::IS_SHARED {
                            SharedEntry::drop(bucket.shared_entry(slot));
                        } else {
                            bucket.pair(slot).drop_in_place();
                        }
                    }
                }
            }
        }
        impl<K, V, P: Policy, I> Drop for Rest<'_, K, V, P, I> {
            fn drop(&mut self) {
                self.drop_entries();
                let buckets = &self.0.buckets;
                // SAFETY: the entries are dropped, and the table is not used again.
                unsafe { buckets.give_back(*buckets.geometry) }
                if Layout::<K, V, P>::IS_SHARED {
                    // SAFETY: as above, and this is its last use.
                    unsafe { ManuallyDrop::drop(&mut self.0.retired) }
                }
            }
        }
        let may_be_dropped = self.wait_for_readers();
        let mut rest = Rest(self, BucketNo::FIRST);
        if may_be_dropped && (std::mem::needs_drop::<(K, V)>() || Layout::<K, V, P>::IS_SHARED) {
            rest.drop_entries();
        } else {
            rest.1 = BucketNo::new(u32::MAX);
            *rest.0.buckets.geometry.len_mut() = 0;
        }
    }
}
