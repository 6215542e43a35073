//! The entries that a step has moved to other slots.

use super::{
    shape::Shape,
    slot::{BucketNo, Slot},
};
use smallvec::SmallVec;

/// Pairs of slots: from where to where an entry has moved.
#[derive(Default)]
pub(in crate::engine::table) struct Moves(SmallVec<[(Slot, Slot); 16]>);

impl Moves {
    /// Notes that an entry was moved, if the table keeps data by slot.
    #[inline]
    pub(super) fn note(&mut self, shape: &Shape, from: (BucketNo, usize), to: (BucketNo, usize)) {
        if shape.tells_moves {
            let [from, to] = [from, to].map(|(bucket, index)| Slot::at(bucket, index, shape.slot_bits));
            self.0.push((from, to));
        }
    }

    /// The moves in their order.
    #[inline]
    pub(in crate::engine::table) fn iter(&self) -> impl Iterator<Item = (Slot, Slot)> {
        self.0.iter().copied()
    }
}
