//! One bucket more, or one less.
//!
//! The homes of a table grow by *splits*: bucket `homes - half` gives those of its entries to the new bucket `homes` whose hash
//! has one more bit set; they shrink by *merges*, the other way round. A table that is full begins to double its homes, and each
//! write then splits a few buckets, so that it is done long before it is full again.

use super::{Bucket, EMPTY_DIRECTORY, Homes, Layout, MAX_BUCKETS, NoMemory, RawTable, StampOf};
use crate::{Policy, arena::Directory, evict::Eviction, expiry::Stamp, list::NIL};
use smallvec::SmallVec;
use std::{ptr::NonNull, sync::atomic::Ordering::Relaxed};

/// A table doubles when this share of its slots is taken, in 16ths...
const FULL: usize = 14;
/// ...and halves when this share is, and there is more than one bucket.
const SPARSE: usize = 3;

/// An entry that lies elsewhere now: from slot, to slot.
pub(crate) type Moves = SmallVec<[(u32, u32); 16]>;

impl<K, V, P: Policy> RawTable<K, V, P> {
    /// Whether there are splits or merges to be done.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        self.homes.count() == self.target
    }

    /// Looks whether there are too few homes or too many, after the number of entries changed.
    #[inline]
    pub(crate) fn aim(&mut self) {
        if self.homes.count() == self.target {
            let slots = self.homes.count() as usize * Layout::<K, V, P>::SLOTS;
            if self.len * 16 > slots * FULL {
                if self.homes.count() < MAX_BUCKETS {
                    self.target = self.homes.count() * 2;
                }
            } else if self.len * 16 < slots * SPARSE && self.homes.count() > 1 {
                self.target = self.homes.count() / 2;
            }
        }
    }

    /// Aims at the fewest homes that the entries fit in.
    pub(crate) fn aim_to_fit(&mut self) {
        let fits = |homes: u32| self.len * 16 <= homes as usize * Layout::<K, V, P>::SLOTS * FULL;
        let mut target = self.homes.count().next_power_of_two();
        while target > 1 && fits(target / 2) {
            target /= 2;
        }
        self.target = target;
    }

    /// Splits or merges one bucket, if there are too few or too many; then says which entries lie elsewhere now.
    ///
    /// `rehash` may panic: then nothing has changed.
    ///
    /// # Errors
    ///
    /// Without memory for one more bucket the table is as before.
    pub(crate) fn step(&mut self, rehash: impl Fn(&K) -> u64, moves: &mut Moves) -> Result<(), NoMemory> {
        if self.homes.count() < self.target {
            self.split(rehash, moves)
        } else {
            if self.homes.count() > self.target {
                self.merge(rehash, moves);
            }
            Ok(())
        }
    }

    fn split(&mut self, rehash: impl Fn(&K) -> u64, moves: &mut Moves) -> Result<(), NoMemory> {
        let (more, new, old) = self.homes.one_more();
        let last = self.end_of_chain(old);
        // User code first: which entries go.
        let mut going: SmallVec<[u32; 8]> = SmallVec::new();
        for number in old..=last {
            going.push(self.whose(number, |hash| more.of(hash) == new, &rehash));
        }
        let count: u32 = going.iter().map(|slots| slots.count_ones()).sum();
        self.reserve(new, count)?;
        let mut room = Room::from(self, new);
        // From the far end: what goes, goes further, so nothing is met twice.
        for number in (old..=last).rev() {
            let slots = super::Slots(going[(number - old) as usize]);
            if number >= new {
                // It lies behind its new home already.
                slots.for_each(|_| self.undisplace(old, new));
                continue;
            }
            let bucket = self.bucket(number);
            for slot in slots {
                let (to, vacant) = room.take(self);
                // SAFETY: there is an entry and a vacant slot; `&mut self` keeps other writers out.
                unsafe { bucket.move_to(slot, self.bucket(to), vacant) }
                self.undisplace(old, number);
                self.displace(new, to);
                note_move::<K, V, P>((number, slot), (to, vacant), moves);
            }
        }
        self.homes = more;
        Ok(())
    }

    fn merge(&mut self, rehash: impl Fn(&K) -> u64, moves: &mut Moves) {
        let (less, gone, old) = self.homes.one_less();
        let homes = self.homes;
        let last = self.end_of_chain(gone);
        let mut going: SmallVec<[u32; 8]> = SmallVec::new();
        for number in gone..=last {
            going.push(self.whose(number, |hash| homes.of(hash) == gone, &rehash));
        }
        // From the near end: what goes, goes back or stays, so nothing is met twice.
        for number in gone..=last {
            let bucket = self.bucket(number);
            for slot in super::Slots(going[(number - gone) as usize]) {
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
            self.enter(directory, 0, block);
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
            self.enter(self.directory, chunks, chunk);
            self.buckets += 1 << classes;
        }
        Ok(())
    }

    fn extend_directory(&mut self, chunks: u32) -> Result<(), NoMemory> {
        let larger = self.arena.take_directory(self.directory_class + 1).ok_or(NoMemory)?;
        for chunk in 0..chunks {
            self.enter(larger, chunk, self.chunk(chunk));
        }
        // SAFETY: it is of this class, and no longer this table's.
        unsafe { self.arena.give_directory(self.directory, self.directory_class) }
        self.directory = larger;
        self.directory_class += 1;
        Ok(())
    }

    fn enter(&self, directory: Directory, index: u32, chunk: NonNull<u8>) {
        // SAFETY: the index is below the directory's length.
        unsafe { directory.add(index as usize).as_ref() }.store(chunk.as_ptr(), Relaxed);
    }

    fn chunk(&self, index: u32) -> NonNull<u8> {
        // SAFETY: the index is below the number of chunks, so there is an address.
        unsafe { NonNull::new_unchecked(self.directory.add(index as usize).as_ref().load(Relaxed)) }
    }

    /// Gives back the memory at the end that nothing is in.
    fn trim(&mut self) {
        let classes = Layout::<K, V, P>::CLASSES;
        // Half a block is given back only with the other half of the chunk: what lies in it would have to move.
        let needed = match self.homes.count() {
            homes if self.buckets <= 1 << classes => homes.next_power_of_two(),
            homes => homes.next_multiple_of(1 << classes),
        };
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
            let chunk = self.chunk(self.buckets >> classes);
            self.give_block(chunk, classes);
        }
    }

    /// Brings the first block, while it is the only one, to another size.
    fn move_first_block(&mut self, class: u32) -> Result<(), NoMemory> {
        let block = self.arena.take(class).ok_or(NoMemory)?;
        for number in 0..self.buckets.min(1 << class) {
            let at = block.as_ptr().wrapping_add(number as usize * Layout::<K, V, P>::BUCKET);
            // SAFETY: the new block has this bucket, and there is no other writer.
            unsafe { self.bucket(number).copy_to(Bucket::new(NonNull::new_unchecked(at))) }
        }
        let before = self.chunk(0);
        self.enter(self.directory, 0, block);
        self.give_block(before, self.buckets.ilog2());
        self.buckets = 1 << class;
        Ok(())
    }

    /// Gives back a block that nothing is in, and that is no longer this table's.
    fn give_block(&self, block: NonNull<u8>, class: u32) {
        for number in 0..1_usize << class {
            let at = block.as_ptr().wrapping_add(number * Layout::<K, V, P>::BUCKET);
            // SAFETY: the bucket is in the block. A count that had reached its limit may have stayed.
            unsafe { Bucket::<K, V, P>::new(NonNull::new_unchecked(at)).clear_header() }
        }
        // SAFETY: it is of this class, its headers are zero, and nobody but racing readers looks at it.
        unsafe { self.arena.give(block, class) }
    }

    /// Gives all memory back. Nothing may be in it any more.
    pub(super) fn release(&mut self) {
        debug_assert_eq!(self.len, 0);
        if self.buckets == 0 {
            return;
        }
        let classes = Layout::<K, V, P>::CLASSES;
        for index in 0..(self.buckets >> classes).max(1) {
            self.give_block(self.chunk(index), self.buckets.ilog2().min(classes));
        }
        // SAFETY: it is of this class, and no longer this table's.
        unsafe { self.arena.give_directory(self.directory, self.directory_class) }
        self.directory = NonNull::from(&EMPTY_DIRECTORY);
        self.directory_class = 0;
        self.buckets = 0;
        self.homes = Homes::ONE;
        self.target = 1;
    }
}

/// The vacant slots from a bucket on, as they are taken one after the other.
struct Room {
    number: u32,
    vacant: super::Slots,
}

impl Room {
    fn from<K, V, P: Policy>(table: &RawTable<K, V, P>, number: u32) -> Self {
        // SAFETY: the bucket is one of this table's.
        Room { number, vacant: unsafe { table.bucket(number).vacant() } }
    }

    /// The next one, which must exist.
    fn take<K, V, P: Policy>(&mut self, table: &RawTable<K, V, P>) -> (u32, usize) {
        loop {
            if let Some(slot) = self.vacant.next() {
                return (self.number, slot);
            }
            *self = Room::from(table, self.number + 1);
        }
    }
}

/// Notes that an entry lies elsewhere now, for those who know it by its slot.
fn note_move<K, V, P: Policy>(from: (u32, usize), to: (u32, usize), moves: &mut Moves) {
    if P::Eviction::BOUNDED || StampOf::<P>::EXPIRES {
        moves.push((slot_number::<K, V, P>(from.0, from.1), slot_number::<K, V, P>(to.0, to.1)));
    }
}

#[allow(clippy::cast_possible_truncation, reason = "at most 15")]
pub(super) fn slot_number<K, V, P: Policy>(number: u32, slot: usize) -> u32 {
    number << Layout::<K, V, P>::SLOT_BITS | slot as u32
}
