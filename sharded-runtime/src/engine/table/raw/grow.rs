//! One bucket more, or one less.
//!
//! The homes of a table grow by *splits*: bucket `homes - step` gives those of its entries to the new bucket `homes` whose hash
//! has one more bit set; they shrink by *merges*, the other way round. A table that is full begins to double its homes, and each
//! write then splits a few buckets, so that it is done long before it is full again.

use super::{
    bucket::Bucket,
    geometry::Geometry,
    header::{HEADER, Header, MANY, Slots},
    homes::Homes,
    layout::Layout,
    moves::{Moves, note_move},
    sizes::{FULLEST, MAX_BUCKETS, SPARSE},
    table::{NoMemory, RawTable, ViewOf},
};
use crate::Policy;
use smallvec::SmallVec;
use std::{cmp::Ordering, mem};

/// The slots that are to be moved, of a bucket and of those behind it.
type Going = SmallVec<[u32; 8]>;

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Whether splits or merges are to be done now.
    #[inline]
    pub(crate) fn needs_step(&self) -> bool {
        self.len >= self.next_step
    }

    /// Whether there was no memory for a split, and many entries have come since. Buckets that wait for theirs are then so full that
    /// everything takes ever longer.
    pub(crate) fn is_overdue(&self) -> bool {
        self.starved_at.is_some_and(|then| self.len >= then + self.patience())
    }

    /// Entries that may come in without a split that is due.
    fn patience(&self) -> usize {
        self.geometry.homes.count() as usize * Layout::<K, V, P>::SLOTS / 32 + 1
    }

    /// From how many entries on the next split is to be done: the share of the homes that are split is to be that of the entries that
    /// have come since the table began to double.
    fn next_split(&self) -> usize {
        let before = self.target as usize / 2;
        let split = (self.geometry.homes.count() as usize).saturating_sub(before);
        let (slots, full) = (Layout::<K, V, P>::SLOTS, self.sizes.full(self.target / 2));
        (before * slots * full + split * slots * (FULLEST - full)) / 32 + 1
    }

    /// From how many entries on the next steps are to be done.
    fn schedule_step(&mut self) {
        self.next_step = match self.geometry.homes.count().cmp(&self.target) {
            // Then it is looked whether there are too few.
            Ordering::Equal => self.most.saturating_add(1),
            Ordering::Greater => 0,
            Ordering::Less => self.next_split(),
        };
    }

    /// Whether there are as many homes as there should be.
    pub(super) fn is_settled(&self) -> bool {
        self.geometry.homes.count() == self.target
    }

    /// Looks whether there are too few homes.
    fn aim_higher(&mut self) {
        if self.len > self.most && self.geometry.homes.count() <= MAX_BUCKETS / 2 {
            self.set_target(self.geometry.homes.count() * 2);
        }
    }

    /// Looks whether there are too many homes, after an entry went.
    #[cold]
    #[inline(never)]
    pub(super) fn aim_lower(&mut self) {
        if self.len < self.least {
            // Also from amid a doubling, which no more entries may come to end.
            self.starved_at = None;
            self.set_target(self.target / 2);
        }
    }

    /// Says how many homes there should be, and when that is to be thought over.
    pub(super) fn set_target(&mut self, target: u32) {
        self.target = target;
        let share = |homes: u32, of_32: usize| homes as usize * Layout::<K, V, P>::SLOTS * of_32 / 32;
        (self.least, self.most) = match self.geometry.homes.count().cmp(&target) {
            Ordering::Less => (share(target / 2, SPARSE), usize::MAX),
            Ordering::Greater => (0, usize::MAX),
            Ordering::Equal => {
                let least = if target == self.geometry.homes.base { 0 } else { share(target, SPARSE) };
                (least, share(target, self.sizes.full(target)))
            }
        };
        self.schedule_step();
    }

    /// Aims at the fewest homes that the entries fit in.
    pub(crate) fn aim_to_fit(&mut self) {
        let fits = |homes: u32| self.len * 32 <= homes as usize * Layout::<K, V, P>::SLOTS * FULLEST;
        let mut target = self.geometry.homes.when_doubled();
        while target > self.geometry.homes.base && fits(target / 2) {
            target /= 2;
        }
        self.set_target(target);
    }

    /// Splits or merges one bucket, if there are too few or too many; then says which entries lie elsewhere now.
    ///
    /// `rehash` may panic: then nothing has changed.
    ///
    /// # Errors
    ///
    /// Without memory for one more bucket the table is as before.
    pub(in crate::engine::table) fn resize(
        &mut self,
        rehash: impl Fn(&K) -> u64 + Copy,
        moves: &mut Moves,
        view: ViewOf<'_, K, V, P, I>,
    ) -> Result<(), NoMemory> {
        if self.fill_gap(rehash, moves) {
            if self.gap.is_none() {
                self.schedule_step();
            }
            return Ok(());
        }
        if self.is_settled() {
            self.aim_higher();
        }
        if self.geometry.homes.count() < self.target {
            if let Err(NoMemory) = self.split(rehash, moves, view) {
                let starved_at = *self.starved_at.get_or_insert(self.len);
                // To ask the system for each entry would take long. But there may be memory again before one is refused.
                self.next_step = (self.len + self.patience() / 2 + 1).min(starved_at + self.patience());
                return Err(NoMemory);
            }
            self.starved_at = None;
        } else if self.geometry.homes.count() > self.target {
            self.merge(rehash, moves, view);
        }
        if self.is_settled() {
            self.set_target(self.target);
            self.provide_spare(view);
            self.aim_higher();
            self.aim_lower();
        }
        self.schedule_step();
        self.prefetch_split();
        Ok(())
    }

    /// Has the processor fetch what the next split begins with: by then it will be there.
    fn prefetch_split(&self) {
        let new = self.geometry.homes.count();
        if new < self.target && new < self.geometry.buckets {
            for number in [new - self.target / 2, new] {
                // SAFETY: the number is below that of the buckets.
                let bucket = unsafe { self.bucket(number) };
                bucket.prefetch_header();
                bucket.prefetch();
            }
        }
    }

    fn split(
        &mut self,
        rehash: impl Fn(&K) -> u64 + Copy,
        moves: &mut Moves,
        view: ViewOf<'_, K, V, P, I>,
    ) -> Result<(), NoMemory> {
        let (more, new, old) = self.homes().one_more();
        // SAFETY: the bucket is one of this table's.
        if unsafe { self.bucket(old).header() }.displaced() == 0 {
            return self.split_alone((more, new, old), rehash, moves, view);
        }
        // User code first: which entries go.
        let going = self.going(old, more, rehash);
        self.reserve(new, &going, view)?;
        // SAFETY: there is memory for the new home, see `reserve`.
        let mut room = unsafe { Room::new(self, new) };
        // From the far end: what goes, goes further, so nothing is met twice.
        for (behind, &slots) in going.iter().enumerate().rev() {
            #[allow(clippy::cast_possible_truncation, reason = "less than the number of buckets")]
            let number = old + behind as u32;
            let slots = Slots(slots);
            if number >= new {
                // It lies behind its new home already.
                // SAFETY: the new home is a bucket of this table's.
                slots.for_each(|_| unsafe { self.undisplace(old, new) });
                continue;
            }
            // SAFETY: the number is below that of the new home. There are entries in these slots, and `&mut self` keeps other writers out. No header is changed by anyone
            // else while it is changed here: what is passed lies before the one bucket and before the other.
            unsafe {
                let bucket = self.bucket(number);
                let mut left = bucket.header().to_bytes();
                for slot in slots {
                    let to = room.next(self);
                    bucket.transfer(slot, room.bucket, to);
                    room.tags[to] = mem::replace(&mut left[slot], 0);
                    self.undisplace(old, number);
                    self.displace(new, room.number);
                    note_move::<K, V, P>((number, slot), (room.number, to), moves);
                }
                bucket.set_header(Header::from_bytes(left));
            }
        }
        // SAFETY: `&mut self` keeps other writers out.
        unsafe { room.end() }
        self.geometry.set::<P, _>(view, Geometry { homes: more, ..*self.geometry });
        Ok(())
    }

    /// As [`split`](RawTable::split), where nothing of the one home lies behind it: it is one bucket that is split.
    fn split_alone(
        &mut self,
        (more, new, old): (Homes, u32, u32),
        rehash: impl Fn(&K) -> u64 + Copy,
        moves: &mut Moves,
        view: ViewOf<'_, K, V, P, I>,
    ) -> Result<(), NoMemory> {
        // User code first.
        let going = self.newest(old, more, rehash);
        self.reserve(new, &[going], view)?;
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
            note_move::<K, V, P>((old, slot), (new, to), moves);
        }
        // SAFETY: as above.
        unsafe {
            there.set_header(Header::from_bytes(arrived));
            here.set_header(Header::from_bytes(left));
        }
        // What has no room in the new home, since entries of others lie there, goes behind it.
        for slot in Slots(rest) {
            // SAFETY: there is an entry in the slot, and room between it and its home, or behind: see `reserve`.
            unsafe { self.relocate(here, old, slot, new, moves) }
        }
        self.geometry.set::<P, _>(view, Geometry { homes: more, ..*self.geometry });
        Ok(())
    }

    fn merge(&mut self, rehash: impl Fn(&K) -> u64 + Copy, moves: &mut Moves, view: ViewOf<'_, K, V, P, I>) {
        let (less, gone, old) = self.homes().one_less();
        let before = self.homes();
        let going = self.going(gone, before, rehash);
        // From the near end: what goes, goes back or stays, so nothing is met twice.
        for (number, &slots) in (gone..).zip(&going) {
            for slot in Slots(slots) {
                // SAFETY: these are slots of entries that lie in this bucket, behind their old and their new home.
                unsafe {
                    self.undisplace(gone, number);
                    self.relocate(self.bucket(number), number, slot, old, moves);
                }
            }
        }
        self.geometry.set::<P, _>(view, Geometry { homes: less, ..*self.geometry });
        self.trim(view);
    }

    /// The slots of a bucket whose entries' hashes belong to the newest of these homes.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "otherwise it takes a call, as it has several callers, and eight instructions of an insert"
    )]
    fn newest(&self, number: u32, homes: Homes, rehash: impl Fn(&K) -> u64 + Copy) -> u32 {
        self.whose(number, |hash| homes.is_newest(hash), rehash)
    }

    /// The slots of a home and of the buckets behind it, as far as its entries may lie there, whose entries go: those of the newest of these `homes`.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "otherwise it takes a call, as it has several callers, and eight instructions of an insert"
    )]
    fn going(&self, home: u32, homes: Homes, rehash: impl Fn(&K) -> u64 + Copy) -> Going {
        let mut going = Going::new();
        going.push(self.newest(home, homes, rehash));
        // SAFETY: the bucket is one of this table's.
        let mut behind = match unsafe { self.bucket(home).header() }.displaced() {
            MANY => u32::MAX,
            displaced => u32::from(displaced),
        };
        let mut number = home + 1;
        // The chain goes on for the entries of later homes, but not all that lie behind have to be looked for in it.
        while behind > 0 && number < self.geometry.buckets {
            let looks = |hash| {
                behind = behind.saturating_sub(u32::from(self.home_of(hash) <= home));
                homes.is_newest(hash)
            };
            going.push(self.whose(number, looks, rehash));
            // SAFETY: as above.
            if unsafe { self.bucket(number).header() }.displaced() == 0 {
                break;
            }
            number += 1;
        }
        going
    }

    /// The last bucket that an entry of this home may lie in.
    pub(super) fn end_of_chain(&self, home: u32) -> u32 {
        let mut last = home;
        // SAFETY: the bucket is one of this table's.
        while unsafe { self.bucket(last).header() }.displaced() > 0 && last + 1 < self.geometry.buckets {
            last += 1;
        }
        last
    }

    /// The slots of a bucket whose entries' hashes are wanted.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "otherwise it takes a call, as it has several callers, and eight instructions of an insert"
    )]
    pub(super) fn whose(
        &self,
        number: u32,
        mut is_wanted: impl FnMut(u64) -> bool,
        rehash: impl Fn(&K) -> u64 + Copy,
    ) -> u32 {
        if number >= self.geometry.buckets {
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

    /// Moves an entry to the first vacant slot from this home on, or leaves it where it is if there is none before.
    ///
    /// # Safety
    ///
    /// There must be an entry in this slot of the bucket with this number, and a vacant slot in the table from the home on, unless the bucket lies
    /// behind the home.
    unsafe fn relocate(&mut self, bucket: Bucket<K, V, P>, number: u32, slot: usize, home: u32, moves: &mut Moves) {
        let mut to = home;
        // SAFETY: the caller's promise; `&mut self` keeps other writers out.
        unsafe {
            let vacancy = loop {
                if to == number {
                    break None;
                }
                if let Some(vacant) = self.bucket(to).vacant().next() {
                    break Some(vacant);
                }
                to += 1;
            };
            if let Some(vacant) = vacancy {
                bucket.move_to(slot, self.bucket(to), vacant);
                note_move::<K, V, P>((number, slot), (to, vacant), moves);
            }
            self.displace(home, to);
        }
    }

    /// Sees to it that there are enough vacant slots from this bucket on for those that go.
    fn reserve(&mut self, from: u32, going: &[u32], view: ViewOf<'_, K, V, P, I>) -> Result<(), NoMemory> {
        // SAFETY: the bucket is one of this table's.
        if going.len() == 1
            && from < self.geometry.buckets
            && unsafe { self.bucket(from).vacant() }.0 == Layout::<K, V, P>::ALL
        {
            // As most often.
            return Ok(());
        }
        let count: u32 = going.iter().map(|slots| slots.count_ones()).sum();
        let (mut number, mut vacant) = (from, 0);
        while vacant < count || number == from {
            if number >= self.geometry.buckets {
                self.extend(view)?;
                continue;
            }
            // SAFETY: the bucket is one of this table's.
            vacant += unsafe { self.bucket(number).vacant() }.0.count_ones();
            number += 1;
        }
        Ok(())
    }
}

/// The vacant slots from a bucket on, as they are taken one after the other.
struct Room<K, V, P> {
    number: u32,
    bucket: Bucket<K, V, P>,
    /// Its header with what was put in, which is written when the next bucket's turn comes.
    tags: [u8; HEADER],
    vacant: Slots,
}

impl<K, V, P: Policy> Room<K, V, P> {
    /// # Safety
    ///
    /// The number must be below that of the buckets.
    unsafe fn new<I>(table: &RawTable<K, V, P, I>, number: u32) -> Self {
        // SAFETY: the caller's promise.
        let bucket = unsafe { table.bucket(number) };
        // SAFETY: the bucket is one of this table's.
        let header = unsafe { bucket.header() };
        Room { number, bucket, tags: header.to_bytes(), vacant: header.vacant(Layout::<K, V, P>::ALL) }
    }

    /// The next one.
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
                *self = Room::new(table, self.number + 1);
            }
        }
    }

    /// # Safety
    ///
    /// There must be no other writer.
    unsafe fn end(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.bucket.set_header(Header::from_bytes(self.tags)) }
    }
}
