//! Storing and removing entries.

use super::{
    bucket::Bucket,
    buckets::NoMemory,
    entry::SlotRef,
    header::tag,
    layout::Layout,
    offer::Offer,
    removed::{Destination, Handed, Removed},
    retired::{Backlog, NO_LIST, Retired, Wait},
    shared::SharedEntry,
    slot::{BucketNo, Slot},
    table::{RawTable, ViewOf},
};
use crate::{
    Policy,
    engine::units::Units,
    evict::Eviction,
    hasher::{KeyHash, LowHash},
};
use std::{borrow::Borrow, mem, ptr::NonNull};

/// The result of a [`put`](RawTable::put).
#[derive(Clone, Copy)]
pub(crate) enum Put {
    /// The offer is a new entry.
    Stored,
    /// The value has replaced that of its key. The key is still on offer, with the old value.
    Replaced,
    /// Nothing was done: the present value stays.
    Refused,
    /// Nothing was done: there is no vacant slot in the home, or the table [needs a
    /// step](super::buckets::Buckets::needs_step) first.
    Crowded,
}

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Stores the entry on offer if that takes one change: in place of the value of its key, or in a vacant slot of its
    /// home. For tables that keep no other data about entries.
    #[inline]
    pub(crate) fn put(&mut self, hash: KeyHash, offer: &mut Offer<K, V>) -> Put
    where
        K: Eq,
    {
        self.put_if(hash, offer, |_| true)
    }

    /// As [`put`](RawTable::put), if a condition holds for the value that the key has.
    #[inline]
    pub(crate) fn put_if(&mut self, hash: KeyHash, offer: &mut Offer<K, V>, may_replace: impl FnOnce(&V) -> bool) -> Put
    where
        K: Eq,
    {
        let Some(key) = offer.key() else { return Put::Crowded };
        let start = self.start(hash);
        if let Some(at) = self.search_from(start, hash, key) {
            let Some(value) = &mut offer.value else { return Put::Crowded };
            // SAFETY: there is an entry, and `&mut self` keeps all others out.
            if !may_replace(unsafe { &(*at.bucket.pair(at.slot)).value }) {
                return Put::Refused;
            }
            // SAFETY: as above.
            unsafe { at.change(&mut self.retired, |_, old| mem::swap(old, value)) }
            return Put::Replaced;
        }
        self.put_at_home(start.bucket, hash, offer)
    }

    /// As [`put`](RawTable::put), for an absent key.
    #[inline]
    pub(crate) fn put_new(&mut self, hash: KeyHash, offer: &mut Offer<K, V>) -> Put {
        // SAFETY: it is the home of a hash.
        let home = unsafe { self.bucket(self.home_of(hash.low())) };
        self.put_at_home(home, hash, offer)
    }

    #[inline]
    fn put_at_home(&mut self, home: Bucket<K, V, P>, hash: KeyHash, offer: &mut Offer<K, V>) -> Put {
        // A table without buckets has an empty home, which looks vacant.
        if self.buckets.count() > 0
            && !self.needs_step()
            // SAFETY: the bucket is one of this table's.
            && let Some(slot) = unsafe { home.vacant() }.first()
            && offer.is_whole()
        {
            *self.buckets.geometry.len_mut() += 1;
            // SAFETY: the slot is vacant, and `&mut self` keeps other writers out. The offer is whole.
            unsafe { Self::fill(home, slot, hash, offer, &mut self.retired) }
            return Put::Stored;
        }
        Put::Crowded
    }

    /// Stores the entry on offer, whose key is absent, and returns its slot. The caller sets its stamp.
    ///
    /// # Errors
    ///
    /// Without memory. The table is then unchanged, and the entry still on offer.
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
            Self::fill(self.bucket(number), slot, hash, offer, &mut self.retired);
            self.buckets.displace(home, number, Layout::<K, V, P>::SHAPE);
        }
        *self.buckets.geometry.len_mut() += 1;
        Ok(Layout::<K, V, P>::slot_at(number, slot))
    }

    /// Moves the entry on offer to a slot, and sets its hash, mark and tag. The key and the value are moved once.
    ///
    /// # Safety
    ///
    /// The slot must be vacant and in memory of this table, and there must be no other writer. The offer must be whole.
    #[inline]
    unsafe fn fill(
        bucket: Bucket<K, V, P>,
        slot: usize,
        hash: KeyHash,
        offer: &mut Offer<K, V>,
        retired: &mut Option<Box<Retired<K, V>>>,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            bucket.put_offer(slot, offer, retired);
            if let Some(marks) = bucket.marks() {
                marks.clear(slot);
            }
            if let Some(kept) = bucket.kept_hash(slot) {
                kept.write(hash.low());
            }
            bucket.set_tag(slot, tag(hash));
        }
    }

    /// Makes sure that the table has memory.
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

    /// Adds expected entries to the count of entries, until [`unexpect`](RawTable::unexpect). So steps grow the table
    /// for them in advance.
    pub(crate) fn expect(&mut self, more: usize) {
        *self.buckets.geometry.len_mut() += more;
    }

    /// Takes back what [`expect`](RawTable::expect) has counted.
    pub(crate) fn unexpect(&mut self, more: usize) {
        *self.buckets.geometry.len_mut() -= more;
    }

    /// Makes sure that `more` inserts of absent keys find memory. It is called with the hash of each, after
    /// [`begin`](RawTable::begin). `from` is the last home that is known to have enough vacant slots from there on.
    ///
    /// # Errors
    ///
    /// Without memory. The entries are then unchanged.
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
        // An entry lies in its home or behind it, and each insert takes one slot. So `more` vacant slots from the last
        // home on are enough for all: from an earlier home on there are at least as many.
        let home = self.home_of(hash.low());
        if from.is_none_or(|from| from < home) {
            self.buckets.reserve_slots(home, more, view)?;
            *from = Some(home);
        }
        Ok(())
    }

    /// Removes the entry of a slot, which has this hash. Where entries are shared, it is retired, and nothing comes to
    /// the destination. Returns whether there was one.
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

    /// Removes the entry of a key if a condition holds for its value. Returns whether it did.
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

    /// Removes an entry.
    ///
    /// # Safety
    ///
    /// The slot must be one of this table, with an entry that has this hash.
    #[inline]
    unsafe fn take(&mut self, at: &SlotRef<K, V, P>, hash: LowHash, to: &mut impl Destination<K, V>) {
        let SlotRef { bucket, number, slot } = *at;
        // SAFETY: there is an entry, and then its tag is cleared. `&mut self` keeps other writers out.
        unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                self.retire(at);
            } else {
                let pair = bucket.pair(slot);
                to.put(&raw const (*pair).key, &raw const (*pair).value);
            }
            bucket.set_tag(slot, 0);
        }
        let home = self.home_of(hash);
        if home != number {
            // SAFETY: the entry was in a bucket of this table's.
            unsafe { self.buckets.undisplace(home, number, Layout::<K, V, P>::SHAPE) }
        }
        *self.buckets.geometry.len_mut() -= 1;
        if P::Eviction::BOUNDED {
            // SAFETY: as above.
            self.buckets.note_gap(number, unsafe { bucket.displaced() });
        }
        if self.buckets.len() < self.buckets.least {
            self.buckets.aim_lower();
        }
    }

    /// Retires a shared entry, which is about to be taken out of its slot.
    ///
    /// # Safety
    ///
    /// There must be an entry in this slot of this table, and it must be taken out next.
    unsafe fn retire(&mut self, at: &SlotRef<K, V, P>) {
        let retired = self.retired.as_deref_mut().expect(NO_LIST);
        // SAFETY: the caller's promise.
        unsafe { retired.add(at.bucket.shared_entry(at.slot)) }
    }

    /// Moves a copy of a shared entry to `handed`: the entry itself may be held by readers. Runs `Clone` of the key and
    /// the value. Returns whether there is an entry.
    pub(crate) fn hand_copy(&self, slot: Slot, handed: &mut Handed<K, V>) -> bool {
        let (Some(retired), Some(at)) = (&*self.retired, self.at(slot)) else { return false };
        // SAFETY: there is an entry, and nobody writes it. The copy is nobody else's.
        unsafe {
            let copy = retired.copy(at.bucket.shared_entry(at.slot).as_ref());
            SharedEntry::give(NonNull::from(Box::leak(copy)), handed);
        }
        true
    }

    /// Puts the entry on offer in place of that of a slot, which has an equal key. Runs no user code. Returns whether
    /// it did: only where entries are shared.
    pub(crate) fn supplant(&mut self, slot: Slot, offer: &mut Offer<K, V>) -> bool {
        if !Layout::<K, V, P>::IS_SHARED {
            return false;
        }
        let Some(SlotRef { bucket, slot, .. }) = self.at(slot) else { return false };
        let retired = self.retired.as_deref_mut().expect(NO_LIST);
        let Some(entry) = SharedEntry::of_offer(offer, || retired.take_memory()) else { return false };
        // SAFETY: there is an entry, which the slot then no longer has, and nobody else has the new one.
        unsafe {
            let old = bucket.shared_entry(slot);
            (*entry.as_ptr()).hash = old.as_ref().hash;
            retired.add(old);
            bucket.set_shared_entry(slot, entry);
        }
        true
    }

    /// Gives away retired entries that no reader holds any more, as [`Retired::release`] does. Returns how many.
    /// Readers may look meanwhile, so the change that retired the entries must be whole.
    ///
    /// [`Retired::release`]: super::retired::Retired::release
    #[inline]
    pub(crate) fn release_retired(
        &mut self,
        wait: Wait<'_>,
        to: &mut Removed<K, V>,
        view: ViewOf<'_, K, V, P, I>,
    ) -> usize {
        if !Layout::<K, V, P>::IS_SHARED {
            return 0;
        }
        let view = self.view_state(view);
        match (&mut *self.retired, view) {
            // SAFETY: only the list of retired entries is changed, at which no reader looks.
            (Some(retired), Some(view)) => unsafe { view.pause(|| retired.release(wait, to)) },
            _ => 0,
        }
    }

    /// Notes what the entry weighs that was retired last, and what all of them may weigh before a writer waits.
    #[inline]
    pub(crate) fn note_retired_units(&mut self, units: Units, most: Units) {
        if Layout::<K, V, P>::IS_SHARED
            && let Some(retired) = &mut *self.retired
        {
            retired.note_units(units, most);
        }
    }

    /// Bytes of an entry that is shared with readers.
    pub(crate) const SHARED_ENTRY: usize = size_of::<SharedEntry<K, V>>();

    /// The number of retired entries.
    #[inline]
    pub(crate) fn retired(&self) -> usize {
        match &*self.retired {
            Some(retired) if Layout::<K, V, P>::IS_SHARED => retired.len(),
            _ => 0,
        }
    }

    /// How many of them there are, compared with the bounds.
    #[inline]
    pub(crate) fn backlog(&self) -> Backlog {
        match &*self.retired {
            Some(retired) if Layout::<K, V, P>::IS_SHARED => retired.backlog(),
            _ => Backlog::None,
        }
    }
}
