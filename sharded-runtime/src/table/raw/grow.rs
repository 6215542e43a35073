//! One bucket more, or one less.
//!
//! The homes of a table grow by *splits*: bucket `homes - half` gives those of its entries to the new bucket `homes` whose hash
//! has one more bit set; they shrink by *merges*, the other way round. A table that is full begins to double its homes, and each
//! write then splits a few buckets, so that it is done long before it is full again.

use super::{
    Bucket, EMPTY_DIRECTORY, Homes, Layout, MAX_BUCKETS, NoMemory, RawTable, Slots, StampOf, bucket::Header,
    slot_number,
};
use crate::{Policy, arena::Directory, evict::Eviction, expiry::Stamp, list::NIL};
use smallvec::SmallVec;
use std::{cmp::Ordering, mem, ptr::NonNull, sync::atomic::Ordering::Relaxed};

/// A table begins to double when this share of its slots is taken, in 16ths...
pub(super) const FULL: usize = 11;
/// ...and is done when this share of those that it had is: the fuller a bucket is the more is displaced, and a bucket that
/// waits for its split gets fuller. Between the two there is one split for about three inserts.
const FULLEST: usize = 14;
/// A table of so many chunks or more keeps one to spare at its end, so that it never has to take one when nothing but a chain of displaced
/// entries has become longer.
const SPARE_FROM: u32 = 64;
/// It halves when only this share is taken.
const SPARSE: usize = 3;

/// An entry that lies elsewhere now: from slot, to slot.
pub(crate) type Moves = SmallVec<[(u32, u32); 16]>;

impl<K, V, P: Policy> RawTable<K, V, P> {
    /// Whether splits or merges are to be done now.
    #[inline]
    pub(crate) fn needs_step(&self) -> bool {
        self.len >= self.next_step
    }

    /// Whether one more should have been done.
    pub(crate) fn is_behind(&self) -> bool {
        match self.homes.count().cmp(&self.target) {
            Ordering::Equal => self.len > self.most,
            Ordering::Greater => true,
            Ordering::Less => self.len >= self.next_split(),
        }
    }

    /// Whether there was no memory for a split, and many entries have come since. Buckets that wait for theirs are then so full that
    /// everything takes ever longer.
    pub(crate) fn is_overdue(&self) -> bool {
        self.starved_at.is_some_and(|then| self.len >= then + self.patience())
    }

    /// Entries that may come in without a split that is due.
    fn patience(&self) -> usize {
        self.homes.count() as usize * Layout::<K, V, P>::SLOTS / 32 + 1
    }

    /// From how many entries on the next split is to be done: the share of the homes that are split is to be that of the entries that
    /// have come since the table began to double.
    fn next_split(&self) -> usize {
        let before = self.target as usize / 2;
        let split = (self.homes.count() as usize).saturating_sub(before);
        let slots = Layout::<K, V, P>::SLOTS;
        (before * slots * FULL + split * slots * (FULLEST - FULL)) / 16 + 1
    }

    /// From how many entries on the next steps are to be done.
    fn schedule_step(&mut self) {
        self.next_step = match self.homes.count().cmp(&self.target) {
            // Then it is looked whether there are too few.
            Ordering::Equal => self.most.saturating_add(1),
            Ordering::Greater => 0,
            Ordering::Less => self.next_split(),
        };
    }

    /// Looks whether there are too few homes.
    fn aim_higher(&mut self) {
        if self.len > self.most && self.homes.count() < MAX_BUCKETS {
            self.set_target(self.homes.count() * 2);
        }
    }

    /// Looks whether there are too many homes, after an entry went.
    #[cold]
    #[inline(never)]
    pub(super) fn aim_lower(&mut self) {
        if self.len < self.least {
            self.set_target(self.homes.count() / 2);
        }
    }

    /// Says how many homes there should be, and when that is to be thought over.
    fn set_target(&mut self, target: u32) {
        self.target = target;
        let slots = target as usize * Layout::<K, V, P>::SLOTS;
        (self.least, self.most) = match target {
            _ if target != self.homes.count() => (0, usize::MAX),
            1 => (0, slots * FULL / 16),
            _ => (slots * SPARSE / 16, slots * FULL / 16),
        };
        self.schedule_step();
        if target == self.homes.count() && self.buckets < self.needed() {
            // Without memory for it there is just none to spare.
            let _ = self.extend();
        }
    }

    /// Aims at the fewest homes that the entries fit in.
    pub(crate) fn aim_to_fit(&mut self) {
        let fits = |homes: u32| self.len * 16 <= homes as usize * Layout::<K, V, P>::SLOTS * FULLEST;
        let mut target = self.homes.count().next_power_of_two();
        while target > 1 && fits(target / 2) {
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
    pub(crate) fn step(&mut self, rehash: impl Fn(&K) -> u64, moves: &mut Moves) -> Result<(), NoMemory> {
        if self.homes.count() == self.target {
            self.aim_higher();
        }
        if self.homes.count() < self.target {
            if let Err(NoMemory) = self.split(rehash, moves) {
                self.starved_at.get_or_insert(self.len);
                // To ask the system for each entry would take long.
                self.next_step = self.len + self.patience() / 2 + 1;
                return Err(NoMemory);
            }
            self.starved_at = None;
        } else if self.homes.count() > self.target {
            self.merge(rehash, moves);
        }
        if self.homes.count() == self.target {
            self.set_target(self.target);
            self.aim_higher();
            self.aim_lower();
        }
        self.schedule_step();
        self.prefetch_split();
        Ok(())
    }

    /// Has the processor fetch what the next split begins with: by then it will be there.
    fn prefetch_split(&self) {
        let new = self.homes.count();
        if new < self.target && new < self.buckets {
            for number in [new - self.target / 2, new] {
                let bucket = self.bucket(number);
                bucket.prefetch_header();
                bucket.prefetch();
            }
        }
    }

    fn split(&mut self, rehash: impl Fn(&K) -> u64, moves: &mut Moves) -> Result<(), NoMemory> {
        let (more, new, old) = self.homes.one_more();
        let last = self.end_of_chain(old);
        if last == old {
            return self.split_alone(more, new, old, rehash, moves);
        }
        // User code first: which entries go.
        let mut going: SmallVec<[u32; 8]> = SmallVec::new();
        for number in old..=last {
            going.push(self.whose(number, |hash| more.is_newest(hash), &rehash));
        }
        let count: u32 = going.iter().map(|slots| slots.count_ones()).sum();
        self.reserve(new, count)?;
        let mut room = Room::new(self, new);
        // From the far end: what goes, goes further, so nothing is met twice.
        for number in (old..=last).rev() {
            let slots = Slots(going[(number - old) as usize]);
            if number >= new {
                // It lies behind its new home already.
                slots.for_each(|_| self.undisplace(old, new));
                continue;
            }
            let bucket = self.bucket(number);
            // SAFETY: there are entries in these slots, and `&mut self` keeps other writers out. No header is changed by anyone
            // else while it is changed here: what is passed lies before the one bucket and before the other.
            unsafe {
                let mut header = bucket.header();
                for slot in slots {
                    let to = room.next(self);
                    bucket.transfer(slot, room.bucket, to);
                    room.header = room.header.with(to, header.tag(slot));
                    header = header.with(slot, 0);
                    self.undisplace(old, number);
                    self.displace(new, room.number);
                    note_move::<K, V, P>((number, slot), (room.number, to), moves);
                }
                bucket.set_header(header);
            }
        }
        room.end();
        self.homes = more;
        Ok(())
    }

    /// As [`split`](RawTable::split), where nothing of the one home lies behind it: it is one bucket that is split.
    fn split_alone(
        &mut self,
        more: Homes,
        new: u32,
        old: u32,
        rehash: impl Fn(&K) -> u64,
        moves: &mut Moves,
    ) -> Result<(), NoMemory> {
        // User code first.
        let going = Slots(self.whose(old, |hash| more.is_newest(hash), rehash));
        self.reserve(new, going.0.count_ones())?;
        let (here, there) = (self.bucket(old), self.bucket(new));
        // SAFETY: the buckets are this table's, and `&mut self` keeps other writers out.
        let (mut left, mut arrived) = unsafe { (here.header().to_bytes(), there.header().to_bytes()) };
        let mut vacant = Header::from_bytes(arrived).vacant(Layout::<K, V, P>::ALL);
        let mut rest = 0;
        for slot in going {
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
            self.relocate(here, old, slot, new, moves);
        }
        self.homes = more;
        Ok(())
    }

    fn merge(&mut self, rehash: impl Fn(&K) -> u64, moves: &mut Moves) {
        let (less, gone, old) = self.homes.one_less();
        let before = self.homes;
        let last = self.end_of_chain(gone);
        let mut going: SmallVec<[u32; 8]> = SmallVec::new();
        for number in gone..=last {
            going.push(self.whose(number, |hash| before.is_newest(hash), &rehash));
        }
        // From the near end: what goes, goes back or stays, so nothing is met twice.
        for number in gone..=last {
            let bucket = self.bucket(number);
            for slot in Slots(going[(number - gone) as usize]) {
                self.undisplace(gone, number);
                self.relocate(bucket, number, slot, old, moves);
            }
        }
        self.homes = less;
        self.trim();
    }

    /// The last bucket that an entry of this home may lie in.
    pub(super) fn end_of_chain(&self, home: u32) -> u32 {
        let mut last = home;
        // SAFETY: the bucket is one of this table's.
        while unsafe { self.bucket(last).header() }.displaced() > 0 && last + 1 < self.buckets {
            last += 1;
        }
        last
    }

    /// The slots of a bucket whose entries' hashes are wanted.
    pub(super) fn whose(&self, number: u32, is_wanted: impl Fn(u64) -> bool, rehash: impl Fn(&K) -> u64) -> u32 {
        if number >= self.buckets {
            return 0;
        }
        let bucket = self.bucket(number);
        let mut wanted = 0;
        // SAFETY: the bucket is one of this table's; there are entries in these slots, and nobody writes.
        for slot in unsafe { bucket.occupied() } {
            if is_wanted(unsafe { bucket.hash_of(slot, &rehash) }) {
                wanted |= 1 << slot;
            }
        }
        wanted
    }

    /// Moves an entry to the first vacant slot from this home on, or leaves it where it is if there is none before.
    fn relocate(&mut self, bucket: Bucket<K, V, P>, number: u32, slot: usize, home: u32, moves: &mut Moves) {
        let mut to = home;
        // SAFETY: the buckets are this table's and the slots as they are found; `&mut self` keeps other writers out.
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
        }
        self.displace(home, to);
    }

    /// Sees to it that there are so many vacant slots from this bucket on.
    fn reserve(&mut self, from: u32, count: u32) -> Result<(), NoMemory> {
        let (mut number, mut vacant) = (from, 0);
        while vacant < count || number == from {
            if number >= self.buckets {
                self.extend()?;
                continue;
            }
            // SAFETY: the bucket is one of this table's.
            vacant += unsafe { self.bucket(number).vacant() }.0.count_ones();
            number += 1;
        }
        Ok(())
    }

    /// Gets memory for more buckets: a block twice as large as the first one, or one more chunk.
    pub(super) fn extend(&mut self) -> Result<(), NoMemory> {
        let classes = Layout::<K, V, P>::CLASSES;
        if self.slots() >= NIL - (1 << (classes + Layout::<K, V, P>::SLOT_BITS)) {
            return Err(NoMemory);
        }
        if self.buckets == 0 {
            let directory = self.arena.take_directory(0).ok_or(NoMemory)?;
            let Some(block) = self.arena.take(0) else {
                // SAFETY: it was just taken.
                unsafe { self.arena.give_directory(directory, 0) }
                return Err(NoMemory);
            };
            Self::enter(directory, 0, Self::clear(block, 0));
            self.directory = directory;
            self.buckets = 1;
        } else if self.buckets < 1 << classes {
            self.move_first_block(self.buckets.ilog2() + 1)?;
        } else {
            let chunks = self.buckets >> classes;
            if chunks == 1 << self.directory_class {
                self.extend_directory(chunks)?;
            }
            let chunk = self.arena.take(classes).ok_or(NoMemory)?;
            Self::enter(self.directory, chunks, Self::clear(chunk, classes));
            self.buckets += 1 << classes;
        }
        Ok(())
    }

    fn extend_directory(&mut self, chunks: u32) -> Result<(), NoMemory> {
        let larger = self.arena.take_directory(self.directory_class + 1).ok_or(NoMemory)?;
        for chunk in 0..chunks {
            Self::enter(larger, chunk, self.middle(chunk));
        }
        // SAFETY: it is of this class, and no longer this table's.
        unsafe { self.arena.give_directory(self.directory, self.directory_class) }
        self.directory = larger;
        self.directory_class += 1;
        Ok(())
    }

    fn enter(directory: Directory, index: u32, middle: NonNull<u8>) {
        // SAFETY: the index is below the directory's length.
        unsafe { directory.add(index as usize).as_ref() }.store(middle.as_ptr(), Relaxed);
    }

    fn middle(&self, index: u32) -> NonNull<u8> {
        // SAFETY: the index is below the number of chunks, so there is an address.
        unsafe { NonNull::new_unchecked(self.directory.add(index as usize).as_ref().load(Relaxed)) }
    }

    /// The block of this class at an index of the directory.
    fn block(&self, index: u32, class: u32) -> NonNull<u8> {
        // SAFETY: the middle lies so far in the block.
        unsafe { self.middle(index).sub(Layout::<K, V, P>::middle(1 << class)) }
    }

    /// How many buckets there should be for the homes: the first block is made smaller by halves, the rest is given back by chunks.
    fn needed(&self) -> u32 {
        let classes = Layout::<K, V, P>::CLASSES;
        match self.homes.count() {
            homes if self.buckets <= 1 << classes => homes.next_power_of_two(),
            homes if homes < SPARE_FROM << classes => homes.next_multiple_of(1 << classes),
            homes => (homes + 1).next_multiple_of(1 << classes),
        }
    }

    /// Gives back the memory at the end that nothing is in.
    fn trim(&mut self) {
        let classes = Layout::<K, V, P>::CLASSES;
        let needed = self.needed();
        // The last home tells whether anything lies beyond the homes.
        if needed >= self.buckets || self.end_of_chain(self.homes.count() - 1) >= needed {
            return;
        }
        if self.buckets <= 1 << classes {
            // Without memory for a smaller block the larger one stays.
            let _ = self.move_first_block(needed.ilog2());
        }
        while self.buckets > needed && self.buckets > 1 << classes {
            self.buckets -= 1 << classes;
            // SAFETY: it is a whole chunk, nothing is in it, and nobody but racing readers looks at it.
            unsafe { self.arena.give(self.block(self.buckets >> classes, classes), classes) }
        }
    }

    /// Brings the first block, while it is the only one, to another size.
    fn move_first_block(&mut self, class: u32) -> Result<(), NoMemory> {
        let block = self.arena.take(class).ok_or(NoMemory)?;
        let middle = Self::clear(block, class);
        for number in 0..self.buckets.min(1 << class) {
            // SAFETY: the new block has this bucket, it is empty, and there is no other writer.
            unsafe { self.bucket(number).move_all_to(Bucket::new(middle, number as usize)) }
        }
        let class_before = self.buckets.ilog2();
        let before = self.block(0, class_before);
        Self::enter(self.directory, 0, middle);
        // SAFETY: it is of this class, and nobody but racing readers looks at it.
        unsafe { self.arena.give(before, class_before) }
        self.buckets = 1 << class;
        Ok(())
    }

    /// Makes all buckets of a new block empty, and answers its middle.
    fn clear(block: NonNull<u8>, class: u32) -> NonNull<u8> {
        // SAFETY: the middle lies in the block.
        let middle = unsafe { block.add(Layout::<K, V, P>::middle(1 << class)) };
        for index in 0..1 << class {
            // SAFETY: the block has this bucket, and nobody else has the block but readers that lost a race.
            unsafe { Bucket::<K, V, P>::new(middle, index).set_header(Header::EMPTY) }
        }
        middle
    }

    /// Gives all memory back. Nothing may be in it any more.
    pub(super) fn release(&mut self) {
        debug_assert_eq!(self.len, 0);
        if self.buckets == 0 {
            return;
        }
        let classes = Layout::<K, V, P>::CLASSES;
        let class = self.buckets.ilog2().min(classes);
        for index in 0..(self.buckets >> classes).max(1) {
            // SAFETY: it is of this class, nothing is in it, and nobody but racing readers looks at it.
            unsafe { self.arena.give(self.block(index, class), class) }
        }
        // SAFETY: it is of this class, and no longer this table's.
        unsafe { self.arena.give_directory(self.directory, self.directory_class) }
        self.directory = NonNull::from(&EMPTY_DIRECTORY);
        self.directory_class = 0;
        self.buckets = 0;
        self.homes = Homes::ONE;
        self.set_target(1);
    }
}

/// The vacant slots from a bucket on, as they are taken one after the other.
struct Room<K, V, P> {
    number: u32,
    bucket: Bucket<K, V, P>,
    /// With what was put in, which is written when the next bucket's turn comes.
    header: Header,
    vacant: Slots,
}

impl<K, V, P: Policy> Room<K, V, P> {
    fn new(table: &RawTable<K, V, P>, number: u32) -> Self {
        let bucket = table.bucket(number);
        // SAFETY: the bucket is one of this table's.
        let header = unsafe { bucket.header() };
        Room { number, bucket, header, vacant: header.vacant(Layout::<K, V, P>::ALL) }
    }

    /// The next one, which must exist.
    #[inline]
    fn next(&mut self, table: &RawTable<K, V, P>) -> usize {
        loop {
            if let Some(slot) = self.vacant.next() {
                return slot;
            }
            self.end();
            *self = Room::new(table, self.number + 1);
        }
    }

    fn end(&self) {
        // SAFETY: whoever made it has the table for himself.
        unsafe { self.bucket.set_header(self.header) }
    }
}

/// Notes that an entry lies elsewhere now, for those who know it by its slot.
fn note_move<K, V, P: Policy>(from: (u32, usize), to: (u32, usize), moves: &mut Moves) {
    if P::Eviction::BOUNDED || StampOf::<P>::EXPIRES {
        moves.push((slot_number::<K, V, P>(from.0, from.1), slot_number::<K, V, P>(to.0, to.1)));
    }
}
