//! Putting in and taking out.

use super::{
    bucket::Bucket,
    buckets::NoMemory,
    entry::SlotRef,
    header::tag,
    layout::Layout,
    offer::Offer,
    removed::{Destination, Handed},
    slot::{BucketNo, Slot},
    table::{RawTable, ViewOf},
};
use crate::{
    Policy,
    evict::Eviction,
    hasher::{KeyHash, LowHash},
};
use std::{borrow::Borrow, mem};

/// What became of an offer.
#[derive(Clone, Copy)]
pub(crate) enum Put {
    /// It is stored.
    Stored,
    /// Its key was there: it has that entry's value now. The key is still on offer, and the value that it replaced is
    /// in place of its own.
    Replaced,
    /// Neither: there is no vacant slot at its home, or the table [needs a step](super::buckets::Buckets::needs_step)
    /// first.
    Crowded,
}

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Stores what is on offer, where no more has to be known of it than its key and its value, and if it is done in
    /// one place: in the entry that the key has already, or in a vacant slot of its home.
    #[inline]
    pub(crate) fn put(&mut self, hash: KeyHash, offer: &mut Offer<K, V>) -> Put
    where
        K: Eq,
    {
        let Some(key) = offer.key() else { return Put::Crowded };
        let start = self.start(hash);
        if let Some(at) = self.search_from(start, hash, key) {
            let Some(value) = &mut offer.value else { return Put::Crowded };
            // SAFETY: there is an entry, and `&mut self` keeps all others out.
            unsafe { at.change(|_, old| mem::swap(old, value)) }
            return Put::Replaced;
        }
        self.put_at_home(start.bucket, hash, offer)
    }

    /// As [`put`](RawTable::put), of a key that is not there.
    #[inline]
    pub(crate) fn put_new(&mut self, hash: KeyHash, offer: &mut Offer<K, V>) -> Put {
        // SAFETY: it is the home of a hash.
        let home = unsafe { self.bucket(self.home_of(hash.low())) };
        self.put_at_home(home, hash, offer)
    }

    #[inline]
    fn put_at_home(&mut self, home: Bucket<K, V, P>, hash: KeyHash, offer: &mut Offer<K, V>) -> Put {
        // A table without buckets has a home all the same, which looks vacant.
        if self.buckets.count() > 0
            && !self.needs_step()
            // SAFETY: the bucket is one of this table's.
            && let Some(slot) = unsafe { home.vacant() }.first()
            && offer.is_whole()
        {
            self.buckets.len += 1;
            // SAFETY: the slot is vacant, and `&mut self` keeps other writers out. The offer is whole.
            unsafe { Self::fill(home, slot, hash, offer) }
            return Put::Stored;
        }
        Put::Crowded
    }

    /// Puts in the entry on offer, whose key is not there, and answers its slot. Its stamp is still to be set.
    ///
    /// # Errors
    ///
    /// Without memory for it the table is as before, and the entry stays on offer.
    ///
    /// # Panics
    ///
    /// If the offer lacks its key or its value.
    pub(in crate::engine::table) fn insert_raw(
        &mut self,
        hash: KeyHash,
        offer: &mut Offer<K, V>,
        view: ViewOf<'_, K, V, P, I>,
    ) -> Result<Slot, NoMemory> {
        assert!(offer.is_whole(), "an entry is on offer");
        let view = self.view_state(view);
        if self.is_overdue() {
            return Err(NoMemory);
        }
        if self.buckets.count() == 0 {
            self.buckets.begin(view)?;
        }
        let home = self.home_of(hash.low());
        // SAFETY: the table has memory, so its homes are buckets.
        let (number, slot) = match unsafe { self.bucket(home).vacant() }.first() {
            Some(slot) => (home, slot),
            None => self.buckets.vacancy_behind(home, view)?,
        };
        // SAFETY: the slot is vacant, and `&mut self` keeps other writers out. The offer is whole.
        unsafe {
            Self::fill(self.bucket(number), slot, hash, offer);
            self.buckets.displace(home, number, Layout::<K, V, P>::SHAPE);
        }
        self.buckets.len += 1;
        Ok(Layout::<K, V, P>::slot_at(number, slot))
    }

    /// Puts what is on offer into a slot, with all that is known of it. The key and the value are moved once, from the
    /// offer to the slot.
    ///
    /// # Safety
    ///
    /// The slot must be vacant and in memory of this table, and there must be no other writer. The offer must be whole.
    #[inline]
    unsafe fn fill(bucket: Bucket<K, V, P>, slot: usize, hash: KeyHash, offer: &mut Offer<K, V>) {
        // SAFETY: the caller's promise.
        unsafe {
            bucket.put_offer(slot, offer);
            if let Some(marks) = bucket.marks() {
                marks.clear(slot);
            }
            if let Some(kept) = bucket.kept_hash(slot) {
                kept.write(hash.low());
            }
            bucket.set_tag(slot, tag(hash));
        }
    }

    /// Sees to it that there is memory at all.
    ///
    /// # Errors
    ///
    /// Without memory.
    pub(crate) fn begin(&mut self, view: ViewOf<'_, K, V, P, I>) -> Result<(), NoMemory> {
        if self.buckets.count() > 0 {
            return Ok(());
        }
        let view = self.view_state(view);
        self.buckets.begin(view)
    }

    /// Has all counts include entries that are still to come, until these are [taken back](RawTable::unexpect): so
    /// steps make the table as large as it should be with them.
    pub(crate) fn expect(&mut self, more: usize) {
        self.buckets.len += more;
    }

    /// Takes back what [`expect`](RawTable::expect) has counted.
    pub(crate) fn unexpect(&mut self, more: usize) {
        self.buckets.len -= more;
    }

    /// Sees to it that so many inserts of keys that are not there find memory. To be called with the hash of each,
    /// after [`begin`](RawTable::begin). `from` is the last home that has enough vacant slots behind it, as far as is
    /// known.
    ///
    /// # Errors
    ///
    /// Without memory for them the entries are as before.
    pub(crate) fn reserve(
        &mut self,
        hash: KeyHash,
        more: u32,
        from: &mut Option<BucketNo>,
        view: ViewOf<'_, K, V, P, I>,
    ) -> Result<(), NoMemory> {
        let view = self.view_state(view);
        if self.is_overdue_for(more as usize) {
            return Err(NoMemory);
        }
        // An entry lies at its home or behind it. Each insert takes one slot, so behind the last home there are enough.
        // Behind an earlier home there are as many.
        let home = self.home_of(hash.low());
        if from.is_none_or(|from| from < home) {
            self.buckets.reserve_slots(home, more, view)?;
            *from = Some(home);
        }
        Ok(())
    }

    /// Takes out the entry of a slot, with this hash. Returns whether there is one.
    pub(in crate::engine::table) fn remove_raw(
        &mut self,
        slot: Slot,
        hash: LowHash,
        to: &mut impl Destination<K, V>,
    ) -> bool {
        let Some(at) = self.at(slot) else { return false };
        // SAFETY: there is an entry, with this hash.
        unsafe { self.take(&at, hash, to) }
        true
    }

    /// Takes out the entry of a key if a condition holds for its value. Returns whether it was taken out.
    #[inline]
    pub(crate) fn hand_if<Q>(
        &mut self,
        hash: KeyHash,
        key: &Q,
        condition: impl FnOnce(&V) -> bool,
        handed: &mut Handed<K, V>,
    ) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Some(at) = self.search(hash, key) else { return false };
        // SAFETY: there is an entry, and `&mut self` keeps all others out.
        let is_wanted = condition(unsafe { &(*at.bucket.pair(at.slot)).value });
        if is_wanted {
            // SAFETY: there is an entry, with this hash.
            unsafe { self.take(&at, hash.low(), handed) }
        }
        is_wanted
    }

    /// Takes out an entry.
    ///
    /// # Safety
    ///
    /// There must be an entry in this slot of this table, with this hash.
    #[inline]
    unsafe fn take(&mut self, at: &SlotRef<K, V, P>, hash: LowHash, to: &mut impl Destination<K, V>) {
        let SlotRef { bucket, number, slot } = *at;
        // SAFETY: there is an entry, which the tag then says is gone. `&mut self` keeps other writers out.
        unsafe {
            let pair = bucket.pair(slot);
            to.put(&raw const (*pair).key, &raw const (*pair).value);
            bucket.set_tag(slot, 0);
        }
        let home = self.home_of(hash);
        if home != number {
            // SAFETY: the entry was in a bucket of this table's.
            unsafe { self.buckets.undisplace(home, number, Layout::<K, V, P>::SHAPE) }
        }
        self.buckets.len -= 1;
        if P::Eviction::BOUNDED {
            // SAFETY: as above.
            self.buckets.note_gap(number, unsafe { bucket.displaced() });
        }
        if self.buckets.len < self.buckets.least {
            self.buckets.aim_lower();
        }
    }
}
