//! Reading without a lock.
//!
//! A reader takes the sequence number of the shard, looks for the entry by atomic loads alone, copies it, and looks at the
//! number again: where it is the same (and even), no writer was inside meanwhile, so what was read is what was there. Only then the bytes
//! become a key and a value. `shard/lock/raw/sequence.rs` has the protocol: a search runs in a closure, and no answer leaves it unchecked.
//!
//! This is the sequence lock as Boehm proves it for the C++ memory model ("Can seqlocks get along with
//! programming language memory models?", MSPC 2012).
//!
//! What a reader follows is never unmapped (see `arena`), so the worst that a lost race brings are bytes that mean nothing.

use super::{
    bucket::Bucket,
    geometry::Geometry,
    header::Header,
    layout::{Layout, Pair},
    table::RawTable,
    words::Words,
};
use crate::{
    Policy,
    clock::{Deadline, Nanos},
    expiry::Stamp,
    lock::{Attempt, Copies, Raced, Stable, View},
};
use std::{borrow::Borrow, mem::MaybeUninit};

/// More is to be done than a [glance](View::glance).
#[derive(Debug)]
pub(crate) struct Unclear;

impl From<Raced> for Unclear {
    #[inline]
    fn from(_: Raced) -> Self {
        Unclear
    }
}

/// How a reader looks at an entry.
pub(crate) trait Look {
    /// Whether it is a use of the entry, which is marked where an eviction wants to know.
    const MARKS: bool;
    /// Whether the entry's memory has been fetched already.
    const IS_FETCHED: bool = false;
}

/// As a use.
pub(crate) enum Use {}
impl Look for Use {
    const MARKS: bool = true;
}

/// As a use, after [`prefetch_entry`](View::prefetch_entry).
pub(crate) enum UseFetched {}
impl Look for UseFetched {
    const MARKS: bool = true;
    const IS_FETCHED: bool = true;
}

/// Without a trace.
pub(crate) enum Peek {}
impl Look for Peek {
    const MARKS: bool = false;
}

/// Where a reader copies entries to, so that a large one has one place on the stack.
pub(crate) struct Place<K, V>(Words<Pair<K, V>>);

impl<K, V> Place<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        Place(Words(MaybeUninit::uninit()))
    }
}

/// A copy of an entry.
pub(crate) struct Copied<'p, V> {
    pub(crate) value: &'p V,
    pub(crate) deadline: Deadline,
}

impl<'p, V> Copied<'p, V> {
    /// What a search has copied.
    ///
    /// # Safety
    ///
    /// The last entry that was copied to the place must have been read at one moment, and be `Copy`.
    #[inline]
    unsafe fn of<K>(place: &'p Place<K, V>, deadline: Deadline) -> Self {
        // SAFETY: the caller's promise.
        Copied { value: unsafe { &place.0.0.assume_init_ref().value }, deadline }
    }
}

impl<K, V, P: Policy, I> View<RawTable<K, V, P, I>> {
    /// As [`look`](View::look), but without a call: it copies the entry of a key if that is the first of its home with this tag, or sees that there is
    /// none where one look is enough. Otherwise, and if a writer is in the way, it is [`Unclear`].
    #[inline]
    pub(crate) fn glance<Q, L: Look>(
        &self,
        _: Copies<K, V>,
        (hash, key): (u64, &Q),
        idle: Nanos,
    ) -> Result<Option<(V, Deadline)>, Unclear>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !Layout::<K, V, P>::IS_RACY {
            return Err(Unclear);
        }
        self.words().sequence().read(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.words(), attempt, hash)?;
            // SAFETY: as in `look`.
            let home = unsafe { Bucket::<K, V, P>::of_directory(directory, number) };
            home.prefetch();
            // SAFETY: the bucket is in memory of the arena.
            let header = unsafe { home.header_racy() };
            let slots = header.with_tag_of(hash).within(Layout::<K, V, P>::ALL);
            if let Some(slot) = slots.first() {
                // SAFETY: the bucket is in memory of the arena, and was this shard's when the attempt began, with this header read since then.
                let (pair, stamp) = unsafe { (home.racy_copy(slot), home.stamp(slot)) };
                let seen = attempt.check((pair, stamp.deadline(idle)))?;
                // SAFETY: as in `copy_if`.
                let entry = seen.map(|(pair, deadline)| (unsafe { pair.assume_init() }, deadline));
                if entry.get().0.key.borrow() == key {
                    // SAFETY: as in `copy_if`.
                    unsafe { Self::mark_if::<L>(home, slot) };
                    return Ok(Some(entry.map(|(Pair { value, .. }, deadline)| (value, deadline))));
                }
            }
            if slots.are_many() || header.displaced() != 0 {
                return Err(Unclear);
            }
            Ok(None)
        })
    }

    /// Copies the entry of a key, unless a writer is in the way.
    #[inline]
    pub(crate) fn look<'p, Q, L: Look>(
        &self,
        _: Copies<K, V>,
        (hash, key): (u64, &Q),
        idle: Nanos,
        place: &'p mut Place<K, V>,
    ) -> Result<Option<Copied<'p, V>>, Raced>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !Layout::<K, V, P>::IS_RACY {
            return Err(Raced);
        }
        let deadline = self.words().sequence().read(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.words(), attempt, hash)?;
            // SAFETY: this directory has an address for every chunk up to `buckets`, and keeps them, or gets others of the same
            // arena, whose memory stays mapped, with a chunk's length around each. (The empty one has one as well.)
            let home = unsafe { Bucket::<K, V, P>::of_directory(directory, number) };
            if !L::IS_FETCHED {
                home.prefetch();
            }
            // SAFETY: the bucket is in memory of the arena.
            let header = unsafe { home.header_racy() };
            // SAFETY: as above.
            let found = unsafe { Self::look_in::<Q, L>(home, header, attempt, (hash, key, idle), place) }?;
            if found.is_some() || header.displaced() == 0 {
                return Ok(found);
            }
            self.look_behind::<Q, L>(attempt, (hash, key, idle), place)
        })?;
        // SAFETY: the search ends with the entry whose deadline it answers, which was read at one moment.
        Ok(deadline.map(|deadline| unsafe { Copied::of(place, deadline) }))
    }

    /// Looks behind the home.
    #[cold]
    #[inline(never)]
    fn look_behind<Q, L: Look>(
        &self,
        attempt: Attempt<'_>,
        (hash, key, idle): (u64, &Q, Nanos),
        place: &mut Place<K, V>,
    ) -> Result<Option<Stable<Deadline>>, Raced>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let (directory, home) = Geometry::home_in::<P>(self.words(), attempt, hash)?;
        // As many as the directory has addresses for, so it must be of the same moment.
        let buckets = Geometry::buckets_in(self.words(), attempt)?;
        for number in home + 1..buckets {
            // SAFETY: as in `look`.
            let bucket = unsafe { Bucket::<K, V, P>::of_directory(directory, number) };
            bucket.prefetch();
            // SAFETY: the bucket is in memory of the arena.
            let header = unsafe { bucket.header_racy() };
            // SAFETY: as above.
            let found = unsafe { Self::look_in::<Q, L>(bucket, header, attempt, (hash, key, idle), place) }?;
            if found.is_some() || header.displaced() == 0 {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Looks in one bucket. Answers the deadline of the entry, which is copied last.
    ///
    /// # Safety
    ///
    /// The bucket must be in memory of an arena whose tables are of these types, with readers that race, and keys and values must
    /// be `Copy`. The attempt must be one on the number of a shard, and the bucket must have been that shard's when it began, with
    /// this header read since then.
    #[inline]
    unsafe fn look_in<Q, L: Look>(
        bucket: Bucket<K, V, P>,
        header: Header,
        attempt: Attempt<'_>,
        (hash, key, idle): (u64, &Q, Nanos),
        place: &mut Place<K, V>,
    ) -> Result<Option<Stable<Deadline>>, Raced>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut slots = header.with_tag_of(hash).within(Layout::<K, V, P>::ALL);
        while let Some(slot) = slots.first() {
            // SAFETY: the caller's promise, and the slot has this tag.
            let copied = unsafe { Self::copy_if::<Q, L>(bucket, slot, attempt, (key, idle), place) }?;
            if copied.is_some() {
                return Ok(copied);
            }
            slots.remove_first();
        }
        Ok(None)
    }

    /// Copies the entry of a slot, and answers its deadline if it is that of a key.
    ///
    /// # Safety
    ///
    /// As of [`look_in`](View::look_in), and the header must have a tag for this slot.
    #[inline]
    unsafe fn copy_if<Q, L: Look>(
        bucket: Bucket<K, V, P>,
        slot: usize,
        attempt: Attempt<'_>,
        (key, idle): (&Q, Nanos),
        place: &mut Place<K, V>,
    ) -> Result<Option<Stable<Deadline>>, Raced>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // SAFETY: the slot is in the bucket; writers of such tables write by words.
        let stamp = unsafe {
            bucket.copy_racy(slot, &mut place.0);
            bucket.stamp(slot)
        };
        let deadline = attempt.check(stamp.deadline(idle))?;
        // SAFETY: nobody wrote since before the tag was read, so there is an entry in this slot, and this is a copy of it; it may
        // be used beside the entry since both are `Copy`.
        let Pair { key: found, .. } = unsafe { place.0.0.assume_init_ref() };
        if found.borrow() != key {
            return Ok(None);
        }
        // SAFETY: the slot is in the bucket.
        unsafe { Self::mark_if::<L>(bucket, slot) };
        Ok(Some(deadline))
    }

    /// Marks the entry of a slot as used, where the look counts as a use.
    ///
    /// # Safety
    ///
    /// The slot must be one of the bucket, whose memory must be the arena's.
    #[inline]
    unsafe fn mark_if<L: Look>(bucket: Bucket<K, V, P>, slot: usize) {
        // SAFETY: the slot is in the bucket, and even if its memory is another bucket's by now, these bits are
        // marks, see `layout`.
        if L::MARKS
            && let Some(marks) = unsafe { bucket.marks() }
        {
            marks.set(slot);
        }
    }

    /// Has the processor fetch the header that a search for this hash looks at first.
    #[inline]
    pub(crate) fn prefetch_header(&self, _: Copies<K, V>, hash: u64) {
        self.words().sequence().hint(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.words(), attempt, hash)?;
            // SAFETY: as in `look`.
            unsafe { Bucket::<K, V, P>::of_directory(directory, number) }.prefetch_header();
            Ok(())
        });
    }

    /// Has the processor fetch the entry that such a search looks at next, now that the header is there.
    #[inline]
    pub(crate) fn prefetch_entry(&self, _: Copies<K, V>, hash: u64) {
        self.words().sequence().hint(|attempt| {
            let (directory, number) = Geometry::home_in::<P>(self.words(), attempt, hash)?;
            // SAFETY: as in `look`.
            let home = unsafe { Bucket::<K, V, P>::of_directory(directory, number) };
            // SAFETY: the bucket is in memory of the arena.
            let header = unsafe { home.header_racy() };
            if let Some(slot) = header.with_tag_of(hash).within(Layout::<K, V, P>::ALL).first() {
                home.prefetch_entry(slot);
            }
            Ok(())
        });
    }
}
