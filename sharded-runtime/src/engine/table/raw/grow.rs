//! Growing and shrinking, by one home at a time.
//!
//! A table grows by *splits*: the new home `homes` gets the entries of the home `homes - step` whose hash has one more
//! bit set. It shrinks by *merges*, the reverse. A full table begins to double its homes. Some writes then split two
//! homes each, so the doubling ends long before the table is full again.

use super::{
    bucket::Bucket,
    buckets::NoMemory,
    chain::Going,
    header::{HEADER, Header, MANY, Slots},
    homes::Homes,
    layout::Layout,
    moves::Moves,
    slot::BucketNo,
    table::{RawTable, ViewOf},
};
use crate::{
    Policy,
    hasher::{KeyHash, LowHash},
    lock::ViewState,
};
use std::{cmp::Ordering, mem};

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Fills a gap, or splits or merges one home if that is due. Adds the moved entries to `moves`.
    ///
    /// `rehash` may panic: then nothing has changed.
    ///
    /// # Errors
    ///
    /// Without memory for one more bucket. The table is then unchanged.
    pub(in crate::engine::table) fn resize(
        &mut self,
        rehash: impl Fn(&K) -> KeyHash + Copy,
        moves: &mut Moves,
        view: ViewOf<'_, K, V, P, I>,
    ) -> Result<(), NoMemory> {
        let view = self.view_state(view);
        if self.fill_gap(rehash, moves) {
            return Ok(());
        }
        match self.buckets.next_change() {
            Ordering::Greater => {
                if let Err(NoMemory) = self.split(rehash, moves, view) {
                    self.buckets.starve();
                    return Err(NoMemory);
                }
                self.buckets.starved_at = None;
            }
            Ordering::Less => self.merge(rehash, moves, view),
            Ordering::Equal => {}
        }
        self.buckets.stepped(view);
        self.prefetch_splits();
        Ok(())
    }

    /// Prefetches the buckets of the next two splits.
    fn prefetch_splits(&self) {
        for first in self.buckets.next_pair().into_iter().flatten() {
            // SAFETY: both numbers are below that of the buckets.
            let pair = unsafe { [self.bucket(first), self.bucket(first.next())] };
            pair[0].prefetch_header();
            pair.into_iter().for_each(Bucket::prefetch);
        }
    }

    fn split(
        &mut self,
        rehash: impl Fn(&K) -> KeyHash + Copy,
        moves: &mut Moves,
        view: Option<&ViewState>,
    ) -> Result<(), NoMemory> {
        let (more, new, old) = self.homes().one_more();
        // SAFETY: the home is a bucket of this table's.
        if unsafe { self.bucket(old).displaced() } == 0 {
            return self.split_alone((more, new, old), rehash, moves, view);
        }
        // User code first: it determines which entries move.
        let mut going = Going::new();
        // SAFETY: as above.
        unsafe { self.collect_going(old, more, rehash, &mut going) }
        self.buckets.reserve(new, &going, view)?;
        // SAFETY: these are slots of entries, for which there is room. `&mut self` keeps other writers out.
        unsafe { self.split_chain((old, new), &going, moves) }
        self.buckets.set_homes(more, view);
        Ok(())
    }

    /// Moves the entries of a home and of the buckets behind it that go to a new home.
    ///
    /// # Safety
    ///
    /// `going` must be slots that have entries, in the buckets from `old` on, and there must be
    /// [room](super::buckets::Buckets::reserve) for them. There must be no other writer.
    unsafe fn split_chain(&mut self, (old, new): (BucketNo, BucketNo), going: &[u32], moves: &mut Moves) {
        // SAFETY: there is memory for the new home, see `reserve`.
        let mut room = unsafe { Room::new(self, new) };
        // From the far end: entries move further away, so none is met twice.
        for (behind, &slots) in going.iter().enumerate().rev() {
            #[allow(clippy::cast_possible_truncation, reason = "less than the number of buckets")]
            let number = BucketNo::new(old.get() + behind as u32);
            let slots = Slots(slots);
            if number >= new {
                // It lies behind its new home already.
                // SAFETY: the new home is a bucket of this table's.
                slots.for_each(|_| unsafe { self.buckets.undisplace(old, new, Layout::<K, V, P>::SHAPE) });
                continue;
            }
            // SAFETY: the number is below that of the new home, and the caller's promise. The calls between `header`
            // and `set_header` change only the headers of earlier buckets.
            unsafe {
                let bucket = self.bucket(number);
                let mut left = bucket.header().to_bytes();
                for slot in slots {
                    let to = room.next(self);
                    bucket.transfer(slot, room.bucket, to);
                    room.tags[to] = mem::replace(&mut left[slot], 0);
                    self.buckets.undisplace(old, number, Layout::<K, V, P>::SHAPE);
                    self.buckets.displace(new, room.number, Layout::<K, V, P>::SHAPE);
                    moves.note(Layout::<K, V, P>::SHAPE, (number, slot), (room.number, to));
                }
                bucket.set_header(Header::from_bytes(left));
            }
        }
        // SAFETY: there is no other writer.
        unsafe { room.end() }
    }

    /// As [`split`](RawTable::split), for a home without displaced entries: only one bucket is split.
    fn split_alone(
        &mut self,
        (more, new, old): (Homes, BucketNo, BucketNo),
        rehash: impl Fn(&K) -> KeyHash + Copy,
        moves: &mut Moves,
        view: Option<&ViewState>,
    ) -> Result<(), NoMemory> {
        // User code first.
        let going = self.newest(old, more, rehash);
        // SAFETY: the number is below that of the buckets.
        if !new.is_below(self.buckets.count()) || unsafe { self.bucket(new).vacant() }.0 != Layout::<K, V, P>::ALL {
            self.buckets.reserve(new, &[going], view)?;
        }
        // SAFETY: the old home is a bucket of this table's, and there is memory for the new one, see `reserve`.
        let (here, there) = unsafe { (self.bucket(old), self.bucket(new)) };
        // SAFETY: the buckets are this table's, and `&mut self` keeps other writers out.
        let (mut left, mut arrived) = unsafe { (here.header().to_bytes(), there.header().to_bytes()) };
        let mut vacant = Header::from_bytes(arrived).vacant(Layout::<K, V, P>::ALL);
        let mut rest = 0;
        for slot in Slots(going) {
            let Some(to) = vacant.next() else {
                rest |= 1 << slot;
                continue;
            };
            // SAFETY: there is an entry in the one slot, and none in the other.
            unsafe { here.transfer(slot, there, to) }
            arrived[to] = mem::replace(&mut left[slot], 0);
            moves.note(Layout::<K, V, P>::SHAPE, (old, slot), (new, to));
        }
        // SAFETY: as above.
        unsafe {
            there.set_header(Header::from_bytes(arrived));
            here.set_header(Header::from_bytes(left));
        }
        // Entries that find no room in the new home, since displaced entries lie there, go behind it.
        for slot in Slots(rest) {
            // SAFETY: there is an entry in the slot, and room between it and its home, or behind: see `reserve`.
            unsafe { self.buckets.relocate((old, slot), new, Self::transfer, moves) }
        }
        self.buckets.set_homes(more, view);
        Ok(())
    }

    fn merge(&mut self, rehash: impl Fn(&K) -> KeyHash + Copy, moves: &mut Moves, view: Option<&ViewState>) {
        let before = self.homes();
        let (less, gone, old) = before.one_less();
        let mut going = Going::new();
        // SAFETY: the home is a bucket of this table's.
        unsafe { self.collect_going(gone, before, rehash, &mut going) }
        // SAFETY: these are slots of entries. `&mut self` keeps other writers out.
        unsafe { self.buckets.merge_chain((gone, old), &going, Self::transfer, moves) }
        self.buckets.set_homes(less, view);
        self.buckets.trim(view);
    }

    /// The slots of a bucket whose entries' hashes belong to the newest of these homes.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "saves eight instructions of an insert: it has several callers, so it would not be inlined"
    )]
    fn newest(&self, number: BucketNo, homes: Homes, rehash: impl Fn(&K) -> KeyHash + Copy) -> u32 {
        self.whose(number, |hash| homes.is_newest(hash), rehash)
    }

    /// Collects the slots whose entries belong to the newest of these `homes`: in a home, and in the buckets behind it
    /// that may have displaced entries of it.
    ///
    /// # Safety
    ///
    /// The home must be below the number of buckets.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "saves eight instructions of an insert: it has several callers, so it would not be inlined"
    )]
    unsafe fn collect_going(
        &self,
        home: BucketNo,
        homes: Homes,
        rehash: impl Fn(&K) -> KeyHash + Copy,
        going: &mut Going,
    ) {
        going.push(self.newest(home, homes, rehash));
        // SAFETY: the caller's promise.
        let mut behind = match unsafe { self.bucket(home).displaced() } {
            MANY => u32::MAX,
            displaced => u32::from(displaced),
        };
        // The chain may go on for entries of later homes. This stops as soon as all displaced entries were found.
        let mut number = home.next();
        while behind > 0 && number.is_below(self.buckets.count()) {
            let is_going = |hash| {
                behind = behind.saturating_sub(u32::from(self.home_of(hash) <= home));
                homes.is_newest(hash)
            };
            going.push(self.whose(number, is_going, rehash));
            // SAFETY: the number is below that of the buckets.
            if unsafe { self.bucket(number).displaced() } == 0 {
                break;
            }
            number = number.next();
        }
    }

    /// The slots of a bucket with entries whose hashes are wanted.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "saves eight instructions of an insert: it has several callers, so it would not be inlined"
    )]
    pub(super) fn whose(
        &self,
        number: BucketNo,
        mut is_wanted: impl FnMut(LowHash) -> bool,
        rehash: impl Fn(&K) -> KeyHash + Copy,
    ) -> u32 {
        if !number.is_below(self.buckets.count()) {
            return 0;
        }
        // SAFETY: the number is below that of the buckets.
        let bucket = unsafe { self.bucket(number) };
        let mut wanted = 0;
        // SAFETY: the bucket is one of this table's.
        let mut rest = unsafe { bucket.occupied() };
        while let Some(slot) = rest.first() {
            // SAFETY: there is an entry in this slot, and nobody writes.
            let is_wanted = is_wanted(unsafe { bucket.hash_of(slot, rehash) });
            let before = rest.0;
            rest.remove_first();
            wanted |= if is_wanted { before ^ rest.0 } else { 0 };
        }
        wanted
    }
}

/// The vacant slots from a bucket on, which are taken one after the other.
struct Room<K, V, P> {
    number: BucketNo,
    bucket: Bucket<K, V, P>,
    /// The new header, which is written before the next bucket is used.
    tags: [u8; HEADER],
    vacant: Slots,
}

impl<K, V, P: Policy> Room<K, V, P> {
    /// # Safety
    ///
    /// The number must be below that of the buckets.
    #[inline]
    unsafe fn new<I>(table: &RawTable<K, V, P, I>, number: BucketNo) -> Self {
        // SAFETY: the caller's promise.
        let (bucket, header) = unsafe {
            let bucket = table.bucket(number);
            (bucket, bucket.header())
        };
        Room { number, bucket, tags: header.to_bytes(), vacant: header.vacant(Layout::<K, V, P>::ALL) }
    }

    /// The next vacant slot.
    ///
    /// # Safety
    ///
    /// There must be one, in the same table, which has no other writer.
    #[inline]
    unsafe fn next<I>(&mut self, table: &RawTable<K, V, P, I>) -> usize {
        loop {
            if let Some(slot) = self.vacant.next() {
                return slot;
            }
            // SAFETY: the caller's promise: so there is one more bucket.
            unsafe {
                self.end();
                *self = Room::new(table, self.number.next());
            }
        }
    }

    /// # Safety
    ///
    /// There must be no other writer.
    #[inline]
    unsafe fn end(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.bucket.set_header(Header::from_bytes(self.tags)) }
    }
}
