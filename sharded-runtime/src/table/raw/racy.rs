//! Reading without a lock.
//!
//! A reader takes the sequence number of the shard, looks for the entry by atomic loads alone, copies it, and looks at the
//! number again: where it is the same (and even), no writer was inside meanwhile, so what was read is what was there. Only then the bytes
//! become a key and a value. This is the sequence lock as Boehm proves it for the C++ memory model ("Can seqlocks get along with
//! programming language memory models?", MSPC 2012).
//!
//! What a reader follows is never unmapped (see `arena`), so the worst that a lost race brings are bytes that mean nothing.

use super::{
    EMPTY_DIRECTORY, RawTable,
    bucket::tag,
    bucket_in,
    homes::Homes,
    layout::{Layout, Pair},
};
use crate::{Policy, expiry::Stamp, lock::Sequence};
use std::{
    borrow::Borrow,
    marker::PhantomData,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed},
};

/// The proof that keys and values are `Copy`.
pub struct Copies<K, V>(PhantomData<fn() -> (K, V)>);

impl<K: Copy, V: Copy> Copies<K, V> {
    pub(crate) const PROOF: Self = Copies(PhantomData);
}

impl<K, V> Clone for Copies<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Copies<K, V> {}

impl<K, V> std::fmt::Debug for Copies<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Copies")
    }
}

/// A writer was in the way.
#[derive(Debug)]
pub(crate) struct Raced;

/// What a reader needs to know of a table, kept up to date by those who write.
///
/// That its methods are sound rests on this: the view of a shard lies beside the shard's lock, is asked with the sequence number of
/// that lock, and whoever changes the table under it publishes the change before the number is even again.
pub(crate) struct View {
    directory: AtomicPtr<AtomicPtr<u8>>,
    homes: AtomicU64,
    buckets: AtomicU32,
    bodies: AtomicU32,
}

impl Default for View {
    fn default() -> Self {
        View {
            directory: AtomicPtr::new((&raw const EMPTY_DIRECTORY).cast_mut()),
            homes: AtomicU64::new(Homes::ONE.to_bits()),
            buckets: AtomicU32::new(0),
            bodies: AtomicU32::new(0),
        }
    }
}

/// A copy of an entry.
pub(crate) struct Copied<V> {
    pub(crate) value: V,
    pub(crate) deadline: u64,
}

impl<K, V, P: Policy> RawTable<K, V, P> {
    /// Tells readers without a lock where everything is.
    ///
    /// The view must be that of the shard, and its sequence number odd.
    #[inline]
    pub(crate) fn publish(&self, view: &View) {
        view.directory.store(self.directory.as_ptr(), Relaxed);
        view.homes.store(self.homes.to_bits(), Relaxed);
        view.buckets.store(self.buckets, Relaxed);
        view.bodies.store(self.bodies, Relaxed);
    }
}

impl View {
    #[inline]
    fn read(&self) -> (*const AtomicPtr<u8>, Homes, u32, u32) {
        let homes = Homes::from_bits(self.homes.load(Relaxed));
        (self.directory.load(Relaxed), homes, self.buckets.load(Relaxed), self.bodies.load(Relaxed))
    }

    /// Copies the entry of a key, unless a writer is in the way; and marks it as used.
    #[inline]
    pub(crate) fn copy<K, V, P, Q>(
        &self,
        sequence: &Sequence,
        copies: Copies<K, V>,
        query: (u64, &Q),
        idle: u64,
    ) -> Result<Option<Copied<V>>, Raced>
    where
        K: Borrow<Q>,
        P: Policy,
        Q: Eq + ?Sized,
    {
        self.look::<K, V, P, Q, true>(sequence, copies, query, idle)
    }

    /// As [`copy`](View::copy), without a mark.
    pub(crate) fn peek<K, V, P, Q>(
        &self,
        sequence: &Sequence,
        copies: Copies<K, V>,
        query: (u64, &Q),
        idle: u64,
    ) -> Result<Option<Copied<V>>, Raced>
    where
        K: Borrow<Q>,
        P: Policy,
        Q: Eq + ?Sized,
    {
        self.look::<K, V, P, Q, false>(sequence, copies, query, idle)
    }

    #[inline]
    fn look<K, V, P, Q, const MARKS: bool>(
        &self,
        sequence: &Sequence,
        _: Copies<K, V>,
        (hash, key): (u64, &Q),
        idle: u64,
    ) -> Result<Option<Copied<V>>, Raced>
    where
        K: Borrow<Q>,
        P: Policy,
        Q: Eq + ?Sized,
    {
        if !Layout::<K, V, P>::IS_RACY {
            return Err(Raced);
        }
        let begun = sequence.begin().ok_or(Raced)?;
        let (directory, homes, buckets, bodies) = self.read();
        // What was read must be of one moment before it is followed: a directory has just as many addresses as it says.
        sequence.validate(begun).ok_or(Raced)?;
        let tag = tag(hash);
        let mut number = homes.of(hash);
        loop {
            // SAFETY: this directory has an address for every chunk up to `buckets`, and keeps them, or gets others of the same
            // arena; all of them stay mapped. (The empty one has one as well.)
            let bucket = unsafe { bucket_in::<K, V, P>(directory, bodies, number) };
            bucket.prefetch();
            // SAFETY: the bucket is in memory of the arena.
            let header = unsafe { bucket.header() };
            for slot in header.with_tag(tag).within::<K, V, P>() {
                // SAFETY: the slot is in the bucket; writers of such tables write by words.
                let (pair, stamp) = unsafe { (bucket.copy_racy(slot), bucket.stamp(slot)) };
                let deadline = stamp.deadline(idle);
                sequence.validate(begun).ok_or(Raced)?;
                // SAFETY: nobody wrote since before the tag was read, so there is an entry in this slot, and this is a copy of it; it may
                // be used beside the entry since both are `Copy`, as the proof says.
                let Pair { key: found, value } = unsafe { pair.assume_init() };
                if found.borrow() == key {
                    // SAFETY: the slot is in the bucket, and even if its memory is another bucket's by now, this byte is a
                    // mark, see `layout`. Only when unset: a line that is hot stays shared.
                    if MARKS
                        && let Some(mark) = unsafe { bucket.mark(slot) }
                        && !mark.load(Relaxed)
                    {
                        mark.store(true, Relaxed);
                    }
                    return Ok(Some(Copied { value, deadline }));
                }
            }
            number += 1;
            if header.displaced() == 0 || number >= buckets {
                return sequence.validate(begun).map(|()| None).ok_or(Raced);
            }
        }
    }

    /// Has the processor fetch what a search for this hash looks at first.
    #[inline]
    pub(crate) fn prefetch<K, V, P: Policy>(&self, sequence: &Sequence, _: Copies<K, V>, hash: u64) {
        let Some(begun) = sequence.begin() else { return };
        let (directory, homes, _, bodies) = self.read();
        if sequence.validate(begun).is_some() {
            // SAFETY: as in `copy`.
            let bucket = unsafe { bucket_in::<K, V, P>(directory, bodies, homes.of(hash)) };
            bucket.prefetch_header();
            bucket.prefetch();
        }
    }
}
