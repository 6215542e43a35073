//! The buckets of a table, without the types of keys and values: where they are, and how many there should be.

use super::{
    address::Address,
    geometry::Published,
    shape::Shape,
    sizes::{FULLEST, MAX_BUCKETS, SPARSE, Sizes},
    slot::BucketNo,
    uncounted::Uncounted,
};
use crate::{
    engine::list::NIL,
    lock::ViewState,
    memory::arena::{Arena, Heap},
};
use std::{cmp::Ordering, fmt, mem, sync::Arc};

/// The buckets of a table, and what controls their number.
#[repr(C)] // The fields that each access reads come first. `Published` must be the first.
pub struct Buckets {
    pub(super) geometry: Published,
    /// The number of entries from which on a home is to be split or merged.
    pub(super) next_step: usize,
    /// With fewer entries than this the table should shrink...
    pub(super) least: usize,
    /// ...and with more than this it should grow, once it has `target` homes.
    pub(super) most: usize,
    /// The number of homes to which the table grows or shrinks.
    pub(super) target: u32,
    pub(super) uncounted: Uncounted,
    /// The number of entries when there was no memory for a split.
    pub(super) starved_at: Option<usize>,
    pub(super) arena: Arc<Arena>,
    pub(super) sizes: Sizes,
    /// A bucket with a vacant slot that a displaced entry behind it may fill.
    pub(super) gap: Option<BucketNo>,
    pub(super) shape: &'static Shape,
}

/// Their numbers, not what is in them.
impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets").field("count", &self.count()).field("len", &self.len()).finish_non_exhaustive()
    }
}

/// There is no memory for one more entry.
#[derive(Debug)]
pub(crate) struct NoMemory;

impl Buckets {
    pub(super) fn new(arena: Arc<Arena>, sizes: Sizes, shape: &'static Shape) -> Self {
        Buckets {
            geometry: Published::EMPTY,
            // Until it has memory, which the first step takes if that is to be in advance.
            next_step: if sizes.is_in_advance() { 0 } else { usize::MAX },
            least: 0,
            most: usize::MAX,
            target: 1,
            uncounted: Uncounted::default(),
            starved_at: None,
            arena,
            sizes,
            gap: None,
            shape,
        }
    }

    /// Moves all buckets to the result. This table is then without memory.
    pub(super) fn take_all(&mut self, view: Option<&ViewState>) -> Self {
        let geometry = self.geometry.take(view);
        let fresh = Buckets::new(Arc::clone(&self.arena), self.sizes, self.shape);
        let mut taken = mem::replace(self, fresh);
        taken.geometry = Published::unshown(geometry);
        taken
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.geometry.len
    }

    /// All slot numbers are below this.
    #[inline]
    pub(crate) fn slots(&self) -> u32 {
        self.geometry.buckets << self.shape.slot_bits
    }

    /// Whether there is a slot number left for one more entry.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        #[cfg(test)]
        if crate::memory::arena::faults::is_full() {
            return false;
        }
        self.slots() < NIL - (1 << self.shape.slot_bits)
    }

    /// Buckets that have memory.
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.geometry.buckets
    }

    /// The allocator for data about the entries.
    #[inline]
    pub(crate) fn heap(&self) -> &Heap {
        self.arena.heap()
    }

    /// The bucket of a number.
    ///
    /// # Safety
    ///
    /// The number must be below that of the buckets, or be the home of a hash.
    #[inline]
    pub(super) unsafe fn address(&self, number: BucketNo) -> Address {
        // SAFETY: the directory has an address for every chunk, and for the one home of a table without memory.
        unsafe { Address::of_directory(self.geometry.directory.as_ptr(), number, self.shape) }
    }

    /// The last bucket that an entry of this home may lie in.
    pub(super) fn end_of_chain(&self, home: BucketNo) -> BucketNo {
        let mut last = home;
        // SAFETY: the number is below that of the buckets.
        while last.next().is_below(self.geometry.buckets) && unsafe { self.address(last).displaced() } > 0 {
            last = last.next();
        }
        last
    }

    /// Whether a split or a merge is due.
    #[inline]
    pub(crate) fn needs_step(&self) -> bool {
        self.len() >= self.next_step
    }

    /// As [`needs_step`](Buckets::needs_step), after `more` more inserts.
    #[inline]
    pub(crate) fn needs_step_for(&self, more: usize) -> bool {
        self.len() + more >= self.next_step
    }

    /// Whether there was no memory for a split, and many entries were inserted since. The buckets are then so full that
    /// each operation takes longer and longer.
    #[inline]
    pub(crate) fn is_overdue(&self) -> bool {
        self.is_overdue_for(1)
    }

    /// As [`is_overdue`](Buckets::is_overdue), at the last of `more` inserts.
    #[inline]
    pub(crate) fn is_overdue_for(&self, more: usize) -> bool {
        self.starved_at.is_some_and(|then| self.len() + more > then + self.patience())
    }

    /// How many entries may be inserted while a split is due.
    #[inline]
    fn patience(&self) -> usize {
        self.geometry.homes.count() as usize * self.shape.slots / 32 + 1
    }

    /// Postpones the next split, since there was no memory for this one.
    #[cold]
    pub(super) fn starve(&mut self) {
        let starved_at = *self.starved_at.get_or_insert(self.len());
        // Trying for each entry would take long. But an attempt must come before an entry is refused.
        self.next_step = (self.len() + self.patience() / 2 + 1).min(starved_at + self.patience());
    }

    /// The homes that were split since the table began to double.
    #[inline]
    fn split_homes(&self) -> usize {
        (self.geometry.homes.count() as usize).saturating_sub(self.target as usize / 2)
    }

    /// The number of entries at which the next split is due. So homes are split in proportion to the inserts since the
    /// table began to double.
    ///
    /// Homes are split in pairs, the second one in the step after the first. The headers of a pair lie in one cache
    /// line, and half as many writes do steps.
    #[inline]
    fn next_split(&self) -> usize {
        let (before, split) = (self.target as usize / 2, self.split_homes());
        if !split.is_multiple_of(2) {
            return 0;
        }
        let (slots, full) = (self.shape.slots, self.sizes.full(self.target / 2));
        (before * slots * full + split * slots * (FULLEST - full)) / 32 + 1
    }

    /// The first home of the pair that is split next, and the first home of the pair that it makes. `None` if a pair is
    /// half split, or if there is no memory for the new homes yet.
    #[inline]
    pub(super) fn next_pair(&self) -> Option<[BucketNo; 2]> {
        let (new, before) = (self.geometry.homes.count(), self.target / 2);
        let is_next = self.next_step > 0 && new < self.target && new + 1 < self.geometry.buckets;
        is_next.then(|| [new - before, new].map(BucketNo::new))
    }

    /// Computes the number of entries at which the next step is due.
    #[inline]
    pub(super) fn schedule_step(&mut self) {
        self.next_step = match self.geometry.homes.count().cmp(&self.target) {
            // The next insert then checks whether there are too few homes.
            Ordering::Equal => self.most.saturating_add(1),
            Ordering::Greater => 0,
            Ordering::Less => self.next_split(),
        };
    }

    /// Whether the table neither grows nor shrinks.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.geometry.homes.count() == self.target
    }

    /// Whether the next step splits (`Greater`) or merges (`Less`) a home.
    #[inline]
    pub(super) fn next_change(&mut self) -> Ordering {
        if self.is_settled() {
            self.aim_higher();
        }
        self.target.cmp(&self.geometry.homes.count())
    }

    /// Updates the schedule after a step.
    #[inline]
    pub(super) fn stepped(&mut self, view: Option<&ViewState>) {
        if self.is_settled() {
            self.set_target(self.target);
            self.provide_spare(view);
            self.aim_higher();
            self.aim_lower();
        }
        self.schedule_step();
    }

    /// Doubles the target if the table is full.
    fn aim_higher(&mut self) {
        if self.len() > self.most && self.geometry.homes.count() <= MAX_BUCKETS / 2 {
            self.set_target(self.geometry.homes.count() * 2);
        }
    }

    /// Halves the target if the table is sparse, after a removal.
    #[cold]
    pub(super) fn aim_lower(&mut self) {
        if self.len() < self.least {
            // Also during a doubling, which may never end if no more entries are inserted.
            self.starved_at = None;
            self.set_target(self.target / 2);
        }
    }

    /// Sets the target, and the numbers of entries at which it is to be changed.
    pub(super) fn set_target(&mut self, target: u32) {
        self.target = target;
        let share = |homes: u32, of_32: usize| homes as usize * self.shape.slots * of_32 / 32;
        (self.least, self.most) = match self.geometry.homes.count().cmp(&target) {
            Ordering::Less => (share(target / 2, SPARSE), usize::MAX),
            Ordering::Greater => (0, usize::MAX),
            Ordering::Equal => {
                let least = if target <= self.sizes.least() { 0 } else { share(target, SPARSE) };
                (least, share(target, self.sizes.full(target)))
            }
        };
        self.schedule_step();
    }

    /// Sets the target to the fewest homes that have room for the entries.
    pub(crate) fn aim_to_fit(&mut self) {
        let fits = |homes: u32| self.len() * 32 <= homes as usize * self.shape.slots * FULLEST;
        let mut target = self.geometry.homes.when_doubled();
        while target > self.sizes.least() && fits(target / 2) {
            target /= 2;
        }
        self.set_target(target);
    }

    /// Notes that this bucket, which `displaced` entries have passed, has a vacant slot. If there are such entries, the
    /// next step moves one of them there. Until then all entries stay in their slots.
    #[inline]
    pub(super) fn note_gap(&mut self, number: BucketNo, displaced: u8) {
        if displaced > 0 && self.is_settled() {
            self.gap = Some(number);
            self.next_step = 0;
        }
    }
}
