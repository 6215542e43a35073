//! Memory for buckets: a block that doubles, then chunks; each at the end, and given back from there.

use super::{Bucket, EMPTY_DIRECTORY, Homes, Layout, NoMemory, RawTable, bucket::Header};
use crate::{
    Policy,
    arena::{Directory, Heap},
    list::NIL,
};
use std::{ptr::NonNull, sync::atomic::Ordering::Relaxed};

/// A table of so many chunks or more keeps one to spare at its end, so that it never has to take one when nothing but a chain of displaced
/// entries has become longer.
const SPARE_FROM: u32 = 64;

impl<K, V, P: Policy> RawTable<K, V, P> {
    /// Gets memory for more buckets: a block twice as large as the first one, or one more chunk.
    pub(super) fn extend(&mut self) -> Result<(), NoMemory> {
        let classes = Layout::<K, V, P>::CLASSES;
        if self.slots() >= NIL - (1 << (classes + Layout::<K, V, P>::SLOT_BITS)) {
            return Err(NoMemory);
        }
        if self.buckets < 1 << classes {
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

    /// Gets the first memory: for the homes that a table begins with.
    pub(super) fn begin(&mut self) -> Result<(), NoMemory> {
        let homes = Homes::first(self.sizes.base);
        let class = homes.count().next_power_of_two().ilog2().min(Layout::<K, V, P>::CLASSES);
        let directory = self.arena.take_directory(0).ok_or(NoMemory)?;
        let Some(block) = self.arena.take(class) else {
            // SAFETY: it was just taken.
            unsafe { self.arena.give_directory(directory, 0) }
            return Err(NoMemory);
        };
        Self::enter(directory, 0, Self::clear(block, class));
        self.directory = directory;
        self.buckets = 1 << class;
        while self.buckets < homes.count() {
            if let Err(NoMemory) = self.extend() {
                self.release();
                return Err(NoMemory);
            }
        }
        self.homes = homes;
        self.set_target(homes.count());
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

    /// Memory for what is known about the entries.
    pub(crate) fn heap(&self) -> &Heap {
        self.arena.heap()
    }

    /// The address and the bytes of a piece of the table's memory.
    pub(crate) fn piece(&self, index: u32) -> Option<(usize, usize)> {
        if self.buckets == 0 {
            return None;
        }
        let classes = Layout::<K, V, P>::CLASSES;
        let class = self.buckets.ilog2().min(classes);
        match index.checked_sub(1) {
            None => Some((self.directory.addr().get(), size_of::<usize>() << self.directory_class)),
            Some(chunk) if chunk < (self.buckets >> classes).max(1) => {
                Some((self.block(chunk, class).addr().get(), Layout::<K, V, P>::ARENA.bytes(class)))
            }
            Some(_) => None,
        }
    }

    /// Sees to it that a large table has a chunk to spare. Without memory for it there is just none.
    pub(super) fn provide_spare(&mut self) {
        if self.homes.count() >= SPARE_FROM << Layout::<K, V, P>::CLASSES && self.buckets < self.needed() {
            let _ = self.extend();
        }
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
    pub(super) fn trim(&mut self) {
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
