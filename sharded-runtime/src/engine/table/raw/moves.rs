//! Which entries a step has moved to other slots.

use super::{shape::Shape, slot::Slot};
use smallvec::SmallVec;

/// Entries that were moved: from slot, to slot.
#[derive(Default)]
pub(in crate::engine::table) struct Moves(SmallVec<[(Slot, Slot); 16]>);

impl Moves {
    /// Notes that an entry was moved, where anything is kept by slot.
    #[inline]
    pub(super) fn note(&mut self, shape: &Shape, from: (u32, usize), to: (u32, usize)) {
        #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
        let at = |(bucket, slot): (u32, usize)| Slot::from_number(bucket << shape.slot_bits | slot as u32);
        if shape.tells_moves {
            self.0.push((at(from), at(to)));
        }
    }

    /// The moves in their order.
    #[inline]
    pub(in crate::engine::table) fn iter(&self) -> impl Iterator<Item = (Slot, Slot)> {
        self.0.iter().copied()
    }
}
