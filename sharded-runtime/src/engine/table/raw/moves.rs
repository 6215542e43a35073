//! Which entries a step has moved to other slots.

use super::shape::Shape;
use smallvec::SmallVec;

/// Entries that were moved: from slot, to slot.
#[derive(Default)]
pub(in crate::engine::table) struct Moves(SmallVec<[(u32, u32); 16]>);

impl Moves {
    /// Notes that an entry was moved, where anything is kept by slot.
    #[inline]
    pub(super) fn note(&mut self, shape: &Shape, from: (u32, usize), to: (u32, usize)) {
        #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
        let number = |(bucket, slot): (u32, usize)| bucket << shape.slot_bits | slot as u32;
        if shape.tells_moves {
            self.0.push((number(from), number(to)));
        }
    }

    /// The moves in their order.
    #[inline]
    pub(in crate::engine::table) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().copied()
    }
}
