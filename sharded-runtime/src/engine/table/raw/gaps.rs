//! Filling the gaps that removed entries leave.
//!
//! An entry whose home is full is displaced, and would stay so although its home may soon have room. In a table of
//! constant size, more and more entries would be displaced: at a load of 78 %, one in seven, instead of one in thirty
//! right after their insertion. So a displaced entry is moved into a gap nearer to its home. That leaves another gap,
//! which is filled in the same way.

use super::{layout::Layout, moves::Moves, slot::BucketNo, table::RawTable};
use crate::{Policy, hasher::KeyHash};

/// The number of buckets behind a gap that are searched for an entry to fill it.
const REACH: u32 = 2;

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Moves a displaced entry into the noted gap. Returns whether a gap was noted.
    ///
    /// `rehash` may panic: then nothing has changed.
    pub(super) fn fill_gap(&mut self, rehash: impl Fn(&K) -> KeyHash + Copy, moves: &mut Moves) -> bool {
        let Some(gap) = self.buckets.gap.take() else { return false };
        if let Some((number, slot)) = self.displaced_behind(gap, rehash) {
            // SAFETY: both are buckets of this table, and the entry's home is that of the gap or an earlier one. `&mut
            // self` keeps other writers out.
            unsafe {
                let (here, there) = (self.bucket(number), self.bucket(gap));
                if let Some(vacant) = there.vacant().first() {
                    here.transfer(slot, there, vacant);
                    there.set_tag(vacant, here.header().tag(slot));
                    here.set_tag(slot, 0);
                    self.buckets.undisplace(gap, number, Layout::<K, V, P>::SHAPE);
                    self.buckets.note_gap(number, here.displaced());
                    moves.note(Layout::<K, V, P>::SHAPE, (number, slot), (gap, vacant));
                }
            }
        }
        if self.buckets.gap.is_none() {
            self.buckets.schedule_step();
        }
        true
    }

    /// An entry behind a gap that may fill it.
    fn displaced_behind(&self, gap: BucketNo, rehash: impl Fn(&K) -> KeyHash + Copy) -> Option<(BucketNo, usize)> {
        let end = self.buckets.count().min(gap.get() + 1 + REACH);
        for before in gap.up_to(BucketNo::new(end - 1)) {
            let number = before.next();
            // SAFETY: both numbers are below that of the buckets.
            let (before, bucket) = unsafe { (self.bucket(before), self.bucket(number)) };
            // SAFETY: the buckets are this table's, and nobody writes.
            unsafe {
                if before.displaced() == 0 {
                    return None;
                }
                for slot in bucket.occupied() {
                    if self.home_of(bucket.hash_of(slot, rehash)) <= gap {
                        return Some((number, slot));
                    }
                }
            }
        }
        None
    }
}
