//! One bucket: a header of tags, and slots.

use super::{
    address::Address,
    header::Slots,
    layout::{Layout, Pair, StampOf},
    marks::Marks,
    offer::Offer,
    retired::{NO_LIST, Retired},
    shared::SharedEntry,
    slot::BucketNo,
    words::{self, WordAligned},
};
use crate::{
    Policy,
    expiry::Stamp,
    hasher::{KeyHash, LowHash},
};
use std::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
    ops::Deref,
    ptr::{self, NonNull},
    sync::atomic::AtomicPtr,
};

/// Bodies of up to this many cache lines are prefetched as a whole.
pub(super) const MOST_LINES: usize = 6;

/// A bucket of a table of these types. It proves nothing about the memory there.
pub(super) struct Bucket<K, V, P> {
    address: Address,
    types: PhantomData<(*const K, *const V, P)>,
}

impl<K, V, P> Deref for Bucket<K, V, P> {
    type Target = Address;

    #[inline]
    fn deref(&self) -> &Address {
        &self.address
    }
}

impl<K, V, P> Clone for Bucket<K, V, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, P> Copy for Bucket<K, V, P> {}

impl<K, V, P: Policy> Bucket<K, V, P> {
    /// The bucket at an address.
    ///
    /// # Safety
    ///
    /// It must be in memory of an arena of such tables, or be the empty bucket of tables without memory.
    #[inline]
    pub(super) unsafe fn at(address: Address) -> Self {
        Bucket { address, types: PhantomData }
    }

    /// The bucket of this number in a table with this directory.
    ///
    /// # Safety
    ///
    /// The directory must have an address for the chunk of this bucket, of a block as [`Address::new`] asks for.
    #[inline]
    pub(super) unsafe fn of_directory(directory: *const AtomicPtr<u8>, number: BucketNo) -> Self {
        // SAFETY: the caller's promise.
        Bucket {
            address: unsafe { Address::of_directory(directory, number, Layout::<K, V, P>::SHAPE) },
            types: PhantomData,
        }
    }

    /// Sets the tag of a slot, which the bucket must have.
    ///
    /// # Safety
    ///
    /// As of [`Address::set_tag`].
    #[inline]
    pub(super) unsafe fn set_tag(self, slot: usize, tag: u8) {
        // SAFETY: the caller's promise, and only readers of racy tables read without a lock.
        unsafe {
            if Layout::<K, V, P>::IS_RACY {
                self.address.set_tag(slot, tag);
            } else {
                self.address.set_tag_byte(slot, tag);
            }
        }
    }

    /// The vacant slots.
    ///
    /// # Safety
    ///
    /// As of [`Address::header`].
    #[inline]
    pub(super) unsafe fn vacant(self) -> Slots {
        // SAFETY: the caller's promise.
        unsafe { self.header() }.vacant(Layout::<K, V, P>::ALL)
    }

    /// The slots that have an entry.
    ///
    /// # Safety
    ///
    /// As of [`Address::header`].
    #[inline]
    pub(super) unsafe fn occupied(self) -> Slots {
        // SAFETY: the caller's promise.
        unsafe { self.header() }.occupied(Layout::<K, V, P>::ALL)
    }

    /// Prefetches the body while the header is read, so that their cache misses overlap.
    ///
    /// Of a large body, most lines would be fetched in vain. It fetches only the line that a search reads, if there is
    /// one. This also loads the address translation of the page, which mostly has the entry, too.
    #[inline]
    pub(super) fn prefetch(self) {
        let lines = (Layout::<K, V, P>::SLOTS * Layout::<K, V, P>::ENTRY).div_ceil(64);
        if lines <= MOST_LINES {
            for line in 0..lines {
                self.fetch_body(line * 64);
            }
        } else if Layout::<K, V, P>::KEEPS_HASHES {
            // The hashes may lie in two lines. Most are in the one that has the middle of them.
            self.fetch_body(Layout::<K, V, P>::HASHES + Layout::<K, V, P>::SLOTS * size_of::<LowHash>() / 2);
        } else if size_of::<StampOf<P>>() > 0 {
            self.fetch_body(Layout::<K, V, P>::STAMPS);
        } else {
            self.fetch_body(lines / 2 * 64);
        }
    }

    /// Prefetches the entry of a slot, up to two cache lines of it, and its stamp.
    #[inline]
    pub(super) fn prefetch_entry(self, slot: usize) {
        let begin = slot * Layout::<K, V, P>::ENTRY;
        self.fetch_body(begin);
        if Layout::<K, V, P>::ENTRY > 16 {
            self.fetch_body(begin + Layout::<K, V, P>::ENTRY - 1);
        }
        if size_of::<StampOf<P>>() > 0 {
            self.fetch_body(Layout::<K, V, P>::STAMPS + slot * size_of::<StampOf<P>>());
        }
    }

    /// The lower half of the hash of the entry in a slot: the kept one, or computed again.
    ///
    /// # Safety
    ///
    /// There must be an entry, which nobody writes.
    #[inline]
    pub(super) unsafe fn hash_of(self, slot: usize, rehash: impl Fn(&K) -> KeyHash + Copy) -> LowHash {
        // SAFETY: the caller's promise.
        unsafe {
            match self.kept_hash(slot) {
                Some(kept) => kept.read(),
                None => rehash(&(*self.pair(slot)).key).low(),
            }
        }
    }

    /// The address of the kept hash of a slot's entry, if hashes are kept.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot. Where entries are shared, there must be one.
    #[inline]
    pub(super) unsafe fn kept_hash(self, slot: usize) -> Option<*mut LowHash> {
        if !Layout::<K, V, P>::KEEPS_HASHES {
            return None;
        }
        if Layout::<K, V, P>::IS_SHARED {
            // SAFETY: the caller's promise.
            return Some(unsafe { &raw mut (*self.shared_entry(slot).as_ptr()).hash });
        }
        // SAFETY: it lies in the bucket.
        #[allow(clippy::cast_ptr_alignment, reason = "the layout sees to it")]
        Some(unsafe { self.body().as_ptr().add(Layout::<K, V, P>::HASHES).cast::<LowHash>().add(slot) })
    }

    /// The address of the entry of a slot.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot. Where entries are shared, there must be one.
    #[inline]
    pub(super) unsafe fn pair(self, slot: usize) -> *mut Pair<K, V> {
        // SAFETY: the caller's promise.
        unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                &raw mut (*self.shared_entry(slot).as_ptr()).pair
            } else {
                self.slot(slot).cast()
            }
        }
    }

    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot.
    #[inline]
    unsafe fn slot(self, slot: usize) -> *mut u8 {
        // SAFETY: it lies in the bucket.
        unsafe { self.body().as_ptr().add(slot * Layout::<K, V, P>::ENTRY) }
    }

    /// The shared entry of a slot.
    ///
    /// # Safety
    ///
    /// The table must be one of shared entries, and there must be one in this slot. Nobody may write meanwhile.
    #[inline]
    #[allow(clippy::cast_ptr_alignment, reason = "the layout sees to it")]
    pub(super) unsafe fn shared_entry(self, slot: usize) -> NonNull<SharedEntry<K, V>> {
        // SAFETY: the caller's promise, and `set_shared_entry` has written it.
        unsafe { self.slot(slot).cast::<NonNull<SharedEntry<K, V>>>().read() }
    }

    /// # Safety
    ///
    /// The table must be one of shared entries and have this slot, and there must be no other writer. What is in the
    /// slot is forgotten.
    #[inline]
    pub(super) unsafe fn set_shared_entry(self, slot: usize, entry: NonNull<SharedEntry<K, V>>) {
        // SAFETY: the caller's promise, and whoever races reads by `words::load` of the same type.
        unsafe { words::store(self.slot(slot).cast(), &WordAligned(MaybeUninit::new(entry))) }
    }

    /// As [`shared_entry`](Bucket::shared_entry), where it may be written meanwhile.
    ///
    /// # Safety
    ///
    /// The table must be one of shared entries, and the bucket in memory of the arena and have this slot.
    #[inline]
    pub(super) unsafe fn shared_entry_racy(self, slot: usize, to: &mut WordAligned<NonNull<SharedEntry<K, V>>>) {
        // SAFETY: the caller's promise, and whoever writes it does so by `words::store` of the same type.
        unsafe { words::load(self.slot(slot).cast(), to) }
    }

    /// Copies an entry to another slot.
    ///
    /// # Safety
    ///
    /// There must be an entry in the first slot, and no other writer. The other slot is overwritten without a drop.
    /// Only one of the two copies may be used afterwards.
    #[inline]
    unsafe fn copy(self, from: usize, to_bucket: Self, to: usize) {
        // SAFETY: the caller's promise; where readers race, they read by `words::load` of the same type. Slots are
        // apart.
        unsafe {
            if Layout::<K, V, P>::IS_SHARED {
                return to_bucket.set_shared_entry(to, self.shared_entry(from));
            }
            let (from, to) = (self.pair(from), to_bucket.pair(to));
            if Layout::<K, V, P>::IS_RACY {
                words::store(to.cast(), &*from.cast::<WordAligned<Pair<K, V>>>());
            } else {
                ptr::copy_nonoverlapping(from, to, 1);
            }
        }
    }

    /// Moves the entry on offer to a slot, if the offer has both a key and a value. A shared entry takes the memory of
    /// a retired one, if there is such.
    ///
    /// # Safety
    ///
    /// There must be no other writer. The slot is overwritten without a drop.
    #[inline]
    pub(super) unsafe fn put_offer(
        self,
        slot: usize,
        offer: &mut Offer<K, V>,
        retired: &mut Option<Box<Retired<K, V>>>,
    ) {
        if Layout::<K, V, P>::IS_SHARED {
            let memory = || retired.as_deref_mut().expect(NO_LIST).take_memory();
            if let Some(entry) = SharedEntry::of_offer(offer, memory) {
                // SAFETY: the caller's promise.
                unsafe { self.set_shared_entry(slot, entry) }
            }
            return;
        }
        let Some((key, value)) = offer.both() else { return };
        let mut words = WordAligned(MaybeUninit::<Pair<K, V>>::uninit());
        // SAFETY: the caller's promise; where readers race, they read by `words::load` of the same type. The offer is
        // apart, and forgets both.
        unsafe {
            let pair = if Layout::<K, V, P>::IS_RACY { words.0.as_mut_ptr() } else { self.pair(slot) };
            ptr::copy_nonoverlapping(key, &raw mut (*pair).key, 1);
            ptr::copy_nonoverlapping(value, &raw mut (*pair).value, 1);
            if Layout::<K, V, P>::IS_RACY {
                words::store(self.pair(slot).cast(), &words);
            }
        }
        offer.forget();
    }

    /// Copies an entry that may be written meanwhile.
    ///
    /// # Safety
    ///
    /// The table must be one whose readers race, and which has no shared entries.
    #[inline]
    pub(super) unsafe fn copy_racy(self, slot: usize, copy: &mut WordAligned<Pair<K, V>>) {
        // SAFETY: the caller's promise, and every writer uses `words::store`.
        unsafe { words::load(self.pair(slot).cast(), copy) }
    }

    /// The stamp of a slot, which need not have an entry.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, which is to outlive the result, and have this slot.
    #[inline]
    pub(super) unsafe fn stamp<'a>(self, slot: usize) -> &'a StampOf<P> {
        const { assert!(!mem::needs_drop::<StampOf<P>>()) }
        // SAFETY: it lies in the bucket. Stamps consist of atomics alone, for which zeros and the bytes of an earlier
        // stamp are valid. Nobody has them exclusively.
        unsafe { &*self.body().as_ptr().add(Layout::<K, V, P>::STAMPS).cast::<StampOf<P>>().add(slot) }
    }

    /// The marks of a bucket, where readers leave some.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, which is to outlive the result.
    #[inline]
    #[allow(clippy::cast_ptr_alignment, reason = "a body is aligned to more, and they lie at a multiple of theirs")]
    pub(super) unsafe fn marks<'a>(self) -> Option<&'a Marks> {
        if !Layout::<K, V, P>::HAS_MARKS {
            return None;
        }
        // SAFETY: they lie in the bucket, and are zero or what earlier marks left.
        Some(unsafe { &*self.body().as_ptr().add(Layout::<K, V, P>::MARKS).cast::<Marks>() })
    }

    /// Moves an entry to a vacant slot of another bucket, with its stamp, hash and mark, but without its tag.
    ///
    /// # Safety
    ///
    /// There must be an entry in the first slot, none in the other, and no other writer. The caller must then set the
    /// tags so that only the other slot is occupied.
    #[inline]
    pub(super) unsafe fn transfer(self, from: usize, to_bucket: Self, to: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            self.copy(from, to_bucket, to);
            to_bucket.stamp(to).copy(self.stamp(from));
            if let (Some(here), Some(there)) = (self.kept_hash(from), to_bucket.kept_hash(to)) {
                there.write(here.read());
            }
            if let (Some(here), Some(there)) = (self.marks(), to_bucket.marks()) {
                if here.is_set(from) { there.set(to) } else { _ = there.clear(to) }
            }
        }
    }
}
