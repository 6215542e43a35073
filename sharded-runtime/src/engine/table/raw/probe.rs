//! The search for a key, under a lock.

use super::{
    bucket::Bucket,
    entry::{At, Found},
    header::Header,
    layout::Layout,
    table::RawTable,
};
use crate::Policy;
use std::borrow::Borrow;

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    #[inline]
    pub(super) fn search<Q>(&self, hash: u64, key: &Q) -> Option<At<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let number = self.home_of(hash);
        // SAFETY: it is the home of a hash.
        let home = unsafe { self.bucket(number) };
        home.prefetch();
        // SAFETY: the bucket is one of this table's.
        self.search_from(number, home, unsafe { home.header() }, hash, key)
    }

    /// As [`search`](RawTable::search), where the home is known (and has been fetched), and its header.
    #[inline]
    pub(super) fn search_from<Q>(
        &self,
        number: u32,
        home: Bucket<K, V, P>,
        header: Header,
        hash: u64,
        key: &Q,
    ) -> Option<At<K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let slots = header.with_tag_of(hash).within(Layout::<K, V, P>::ALL);
        // SAFETY: there is an entry in this slot, and nobody writes.
        if let Some(slot) = slots.first()
            && unsafe { Self::is_of(home, slot, hash, key) }
        {
            return Some(At { bucket: home, number, slot });
        }
        // SAFETY: the bucket is one of this table's.
        if !slots.are_many() && unsafe { home.displaced() } == 0 {
            return None;
        }
        let mut found = None;
        self.search_all(hash, key, &mut found);
        found
    }

    /// Searches wherever a key may be. (What it finds goes to a place of its own, so that what is found at home can stay in registers.)
    #[cold]
    #[inline(never)]
    fn search_all<Q>(&self, hash: u64, key: &Q, found: &mut Option<At<K, V, P>>)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut number = self.home_of(hash);
        // Past the last bucket only where a key has changed its hash.
        while number < self.buckets.count() {
            // SAFETY: the number is below that of the buckets.
            let bucket = unsafe { self.bucket(number) };
            bucket.prefetch();
            // SAFETY: the bucket is one of this table's.
            let header = unsafe { bucket.header() };
            for slot in header.with_tag_of(hash).within(Layout::<K, V, P>::ALL) {
                // SAFETY: there is an entry in this slot, and nobody writes.
                if unsafe { Self::is_of(bucket, slot, hash, key) } {
                    *found = Some(At { bucket, number, slot });
                    return;
                }
            }
            if header.displaced() == 0 {
                break;
            }
            number += 1;
        }
    }

    /// Whether the entry of a slot is that of a key.
    ///
    /// # Safety
    ///
    /// There must be one, which nobody writes.
    #[inline]
    unsafe fn is_of<Q>(bucket: Bucket<K, V, P>, slot: usize, hash: u64, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // SAFETY: the caller's promise.
        let (entry, kept) = unsafe { (&*bucket.pair(slot), bucket.kept_hash(slot).map(|kept| kept.read())) };
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is kept")]
        let may_be = kept.is_none_or(|kept| kept == hash as u32);
        may_be && entry.key.borrow() == key
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<Found<'_, K, V, P>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let at = self.search(hash, key)?;
        // SAFETY: there is an entry, and the table is lent, so nobody writes.
        Some(unsafe { Found::new(at) })
    }

    /// Lends the value of a key for changing, if it has one; otherwise gives back what was to be done.
    #[inline]
    pub(crate) fn find_change<Q, F, R>(&mut self, hash: u64, key: &Q, change: F) -> Result<R, F>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce(&mut V) -> R,
    {
        match self.search(hash, key) {
            // SAFETY: there is an entry, and `&mut self` keeps all others out.
            Some(at) => Ok(unsafe { at.change(|_, value| change(value)) }),
            None => Err(change),
        }
    }
}
