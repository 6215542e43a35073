//! One bucket: a header of tags, and slots.

use super::{
    address::Address,
    header::Slots,
    layout::{Layout, Pair, StampOf},
    marks::Marks,
    offer::Offer,
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
    ptr,
    sync::atomic::AtomicPtr,
};

/// Bodies of up to this many cache lines are fetched as a whole.
pub(super) const MOST_LINES: usize = 6;

/// A bucket of a table of these types. It says nothing of what may be done with it.
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

    /// Has the processor fetch the body, beside the header that it is about to read: then one miss takes as long as
    /// both.
    ///
    /// Of a larger body most lines would be fetched for nothing. There it is one line that a search looks at, if there
    /// is such; and meanwhile the address of the page is translated, on which the entry mostly is, too.
    #[inline]
    pub(super) fn prefetch(self) {
        let lines = (Layout::<K, V, P>::SLOTS * Layout::<K, V, P>::ENTRY).div_ceil(64);
        if lines <= MOST_LINES {
            for line in 0..lines {
                self.fetch_body(line * 64);
            }
        } else if Layout::<K, V, P>::KEEPS_HASHES {
            self.fetch_body(Layout::<K, V, P>::HASHES);
        } else if size_of::<StampOf<P>>() > 0 {
            self.fetch_body(Layout::<K, V, P>::STAMPS);
        } else {
            self.fetch_body(lines / 2 * 64);
        }
    }

    /// Has the processor fetch the entry of one slot, up to two cache lines of it, and its stamp.
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

    /// The lower half of the hash of the entry in a slot: as kept, or made anew.
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

    /// Where the hash of a slot's entry is kept, if it is.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot.
    #[inline]
    pub(super) unsafe fn kept_hash(self, slot: usize) -> Option<*mut LowHash> {
        if !Layout::<K, V, P>::KEEPS_HASHES {
            return None;
        }
        // SAFETY: it lies in the bucket.
        #[allow(clippy::cast_ptr_alignment, reason = "the layout sees to it")]
        Some(unsafe { self.body().as_ptr().add(Layout::<K, V, P>::HASHES).cast::<LowHash>().add(slot) })
    }

    /// Where the entry of a slot is.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of the arena, and have this slot.
    #[inline]
    pub(super) unsafe fn pair(self, slot: usize) -> *mut Pair<K, V> {
        // SAFETY: it lies in the bucket.
        unsafe { self.body().as_ptr().add(slot * Layout::<K, V, P>::ENTRY).cast() }
    }

    /// Copies an entry to another slot.
    ///
    /// # Safety
    ///
    /// There must be an entry here and no other writer. What is in the other slot is forgotten, and one of the two has
    /// to be.
    #[inline]
    unsafe fn copy(self, from: usize, to_bucket: Self, to: usize) {
        // SAFETY: the caller's promise; where readers race, they read by `words::load` of the same type. Slots are
        // apart.
        unsafe {
            let (from, to) = (self.pair(from), to_bucket.pair(to));
            if Layout::<K, V, P>::IS_RACY {
                words::store(to.cast(), &*from.cast::<WordAligned<Pair<K, V>>>());
            } else {
                ptr::copy_nonoverlapping(from, to, 1);
            }
        }
    }

    /// Puts in what is on offer, if that is both a key and a value.
    ///
    /// # Safety
    ///
    /// There must be no other writer. What is in the slot is forgotten.
    #[inline]
    pub(super) unsafe fn put_offer(self, slot: usize, offer: &mut Offer<K, V>) {
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
    /// The table must be one whose readers race.
    #[inline]
    pub(super) unsafe fn copy_racy(self, slot: usize, copy: &mut WordAligned<Pair<K, V>>) {
        // SAFETY: the caller's promise, and whoever writes it does so by `words::store`.
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
        // SAFETY: it lies in the bucket. Stamps consist of atomics alone, for which zeros and whatever an earlier stamp
        // left are valid; nobody has them exclusively.
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

    /// Moves an entry from here to a vacant slot, with all that belongs to it but its tag.
    ///
    /// # Safety
    ///
    /// There must be an entry here, none there, and no other writer; the tags must be set so that it is there alone.
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
