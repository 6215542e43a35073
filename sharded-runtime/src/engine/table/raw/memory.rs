//! Memory for buckets: first one block whose size doubles, then chunks. It grows and shrinks at the end.

use super::{
    address::Address,
    buckets::{Buckets, NoMemory},
    geometry::Geometry,
    header::Header,
    homes::Homes,
    slot::BucketNo,
};
use crate::{engine::list::NIL, lock::ViewState, memory::arena::Directory};
use std::{ptr::NonNull, sync::atomic::Ordering::Relaxed};

/// A table with at least this many chunks keeps a spare one at its end, so it never needs one only because a chain of
/// displaced entries has become longer. The number is lower in unit tests, where each allocation of such a table is
/// refused in turn.
const SPARE_FROM: u32 = if cfg!(test) { 8 } else { 64 };

impl Buckets {
    /// Gets memory for more buckets: twice the first block, or one more chunk.
    pub(super) fn extend(&mut self, view: Option<&ViewState>) -> Result<(), NoMemory> {
        let classes = self.shape.arena.classes;
        if self.slots() >= NIL - (1 << (classes + self.shape.slot_bits)) {
            return Err(NoMemory);
        }
        if self.geometry.buckets < 1 << classes {
            self.move_first_block(self.geometry.buckets.ilog2() + 1, view)?;
        } else {
            let chunks = self.geometry.buckets >> classes;
            if chunks == 1 << self.geometry.directory_class {
                self.extend_directory(chunks, view)?;
            }
            let chunk = self.arena.take(classes).ok_or(NoMemory)?;
            // SAFETY: the chunk is this table's, and the directory has room for its address.
            unsafe { Self::enter(self.geometry.directory, chunks, self.clear(chunk, classes)) }
            self.geometry.set(view, Geometry { buckets: self.geometry.buckets + (1 << classes), ..*self.geometry });
        }
        Ok(())
    }

    /// Gets memory for the first homes of a table.
    pub(super) fn begin(&mut self, view: Option<&ViewState>) -> Result<(), NoMemory> {
        let homes = Homes::new(self.sizes.base, self.sizes.least());
        let least = self.sizes.least_buckets(self.shape.arena.classes).max(homes.count());
        let class = least.next_power_of_two().ilog2().min(self.shape.arena.classes);
        let directory = self.arena.take_directory(0).ok_or(NoMemory)?;
        let Some(block) = self.arena.take(class) else {
            // SAFETY: it was just taken.
            unsafe { self.arena.give_directory(directory, 0) }
            return Err(NoMemory);
        };
        // SAFETY: both were just taken, so they are this table's.
        unsafe { Self::enter(directory, 0, self.clear(block, class)) }
        self.geometry.set(view, Geometry { directory, buckets: 1 << class, ..Geometry::EMPTY });
        while self.geometry.buckets < least {
            if let Err(NoMemory) = self.extend(view) {
                let begun = self.geometry.take(view);
                // SAFETY: it was this table's, and nothing is in it.
                unsafe { self.give_back(begun) }
                return Err(NoMemory);
            }
        }
        self.set_homes(homes, view);
        self.set_target(homes.count());
        self.provide_spare(view);
        Ok(())
    }

    fn extend_directory(&mut self, chunks: u32, view: Option<&ViewState>) -> Result<(), NoMemory> {
        let before = *self.geometry;
        let directory_class = before.directory_class + 1;
        let larger = self.arena.take_directory(directory_class).ok_or(NoMemory)?;
        for chunk in 0..chunks {
            // SAFETY: the larger one has room for twice as many, and the chunk exists.
            unsafe { Self::enter(larger, chunk, Self::middle(&before, chunk)) }
        }
        self.geometry.set(view, Geometry { directory: larger, directory_class, ..before });
        // SAFETY: it is of this class, and no longer this table's.
        unsafe { self.arena.give_directory(before.directory, before.directory_class) }
        Ok(())
    }

    /// # Safety
    ///
    /// The index must be below the directory's length, and the middle that of a block of the same table.
    unsafe fn enter(directory: Directory, index: u32, middle: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe { directory.add(index as usize).as_ref() }.store(middle.as_ptr(), Relaxed);
    }

    /// # Safety
    ///
    /// The index must be below the number of chunks, or zero in a geometry that has a first block.
    unsafe fn middle(geometry: &Geometry, index: u32) -> NonNull<u8> {
        // SAFETY: the caller's promise, so there is an address.
        unsafe { NonNull::new_unchecked(geometry.directory.add(index as usize).as_ref().load(Relaxed)) }
    }

    /// The block with this class at an index of the directory.
    ///
    /// # Safety
    ///
    /// As of [`middle`](Buckets::middle), and the block must be of this class.
    unsafe fn block_of(&self, geometry: &Geometry, index: u32, class: u32) -> NonNull<u8> {
        // SAFETY: the caller's promise; the middle lies so far in the block.
        unsafe { Self::middle(geometry, index).sub(self.shape.middle(1 << class)) }
    }

    /// As [`block_of`](Buckets::block_of), in the current geometry.
    unsafe fn block(&self, index: u32, class: u32) -> NonNull<u8> {
        // SAFETY: the caller's promise.
        unsafe { self.block_of(&self.geometry, index, class) }
    }

    /// The address and the size in bytes of a piece of the table's memory.
    pub(crate) fn piece(&self, index: u32) -> Option<(usize, usize)> {
        if self.geometry.buckets == 0 {
            return None;
        }
        let classes = self.shape.arena.classes;
        let class = self.geometry.buckets.ilog2().min(classes);
        match index.checked_sub(1) {
            None => Some((self.geometry.directory.addr().get(), size_of::<usize>() << self.geometry.directory_class)),
            Some(chunk) if chunk < (self.geometry.buckets >> classes).max(1) => {
                // SAFETY: the chunk, or the one block, exists and is of this class.
                let block = unsafe { self.block(chunk, class) };
                Some((block.addr().get(), self.shape.arena.bytes(class)))
            }
            Some(_) => None,
        }
    }

    /// Makes sure that a large table has a spare chunk, if there is memory for it.
    pub(super) fn provide_spare(&mut self, view: Option<&ViewState>) {
        if self.geometry.homes.count() >= SPARE_FROM << self.shape.arena.classes
            && self.geometry.buckets < self.needed()
        {
            let _ = self.extend(view);
        }
    }

    /// How many buckets there should be for the homes. The first block is halved, and chunks are given back one by one.
    fn needed(&self) -> u32 {
        let classes = self.shape.arena.classes;
        let needed = match self.geometry.homes.count() {
            homes if self.geometry.buckets <= 1 << classes => homes.next_power_of_two(),
            homes if homes < SPARE_FROM << classes => homes.next_multiple_of(1 << classes),
            homes => (homes + 1).next_multiple_of(1 << classes),
        };
        needed.max(self.sizes.least_buckets(classes))
    }

    /// Gives back unused memory at the end.
    pub(super) fn trim(&mut self, view: Option<&ViewState>) {
        let classes = self.shape.arena.classes;
        let needed = self.needed();
        // The chain of the last home ends where the last entry may lie.
        if needed >= self.geometry.buckets
            || !self.end_of_chain(BucketNo::new(self.geometry.homes.count() - 1)).is_below(needed)
        {
            return;
        }
        if self.geometry.buckets <= 1 << classes {
            // Without memory for a smaller block the larger one stays.
            let _ = self.move_first_block(needed.ilog2(), view);
        }
        while self.geometry.buckets > needed && self.geometry.buckets > 1 << classes {
            let buckets = self.geometry.buckets - (1 << classes);
            self.geometry.set(view, Geometry { buckets, ..*self.geometry });
            // SAFETY: it is a whole chunk, nothing is in it, and nobody but racing readers looks at it.
            unsafe { self.arena.give(self.block(buckets >> classes, classes), classes) }
        }
    }

    /// Moves the first block, while it is the only one, to a block of another size.
    fn move_first_block(&mut self, class: u32, view: Option<&ViewState>) -> Result<(), NoMemory> {
        let block = self.arena.take(class).ok_or(NoMemory)?;
        // SAFETY: the block is of this class, and was just taken.
        let middle = unsafe { self.clear(block, class) };
        for number in 0..self.geometry.buckets.min(1 << class) {
            // SAFETY: the new block has this bucket, it is empty, and there is no other writer.
            unsafe {
                let to = Address::new(middle, number as usize, self.shape);
                self.address(BucketNo::new(number)).move_all_to(to, self.shape);
            }
        }
        let class_before = self.geometry.buckets.ilog2();
        // SAFETY: a table with memory has a first block, of this class as long as it is the only one.
        let before = unsafe { self.block(0, class_before) };
        // SAFETY: a directory has room for an address.
        unsafe { Self::enter(self.geometry.directory, 0, middle) }
        self.geometry.set(view, Geometry { buckets: 1 << class, ..*self.geometry });
        // SAFETY: it is of this class, and nobody but racing readers looks at it.
        unsafe { self.arena.give(before, class_before) }
        Ok(())
    }

    /// Makes all buckets of a new block empty, and returns its middle.
    ///
    /// # Safety
    ///
    /// The block must be of this class. Only the caller may use it, except readers that have lost a race.
    unsafe fn clear(&self, block: NonNull<u8>, class: u32) -> NonNull<u8> {
        // SAFETY: the caller's promise: the middle lies in the block.
        let middle = unsafe { block.add(self.shape.middle(1 << class)) };
        for index in 0..1 << class {
            // SAFETY: the caller's promise: the block has this bucket.
            unsafe { Address::new(middle, index, self.shape).set_header(Header::EMPTY) }
        }
        middle
    }

    /// Gives back the memory of a geometry.
    ///
    /// # Safety
    ///
    /// It must be or have been that of this table, which does not use it any more. There must be no entries.
    pub(super) unsafe fn give_back(&self, geometry: Geometry) {
        if geometry.buckets == 0 {
            return;
        }
        let classes = self.shape.arena.classes;
        let class = geometry.buckets.ilog2().min(classes);
        for index in 0..(geometry.buckets >> classes).max(1) {
            // SAFETY: it is of this class, nothing is in it, and nobody but racing readers looks at it.
            unsafe { self.arena.give(self.block_of(&geometry, index, class), class) }
        }
        // SAFETY: it is of this class, and no longer this table's.
        unsafe { self.arena.give_directory(geometry.directory, geometry.directory_class) }
    }
}
