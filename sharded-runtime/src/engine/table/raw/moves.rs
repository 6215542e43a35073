//! Which entries a step has moved to other slots.

use super::layout::{Layout, StampOf};
use crate::{Policy, evict::Eviction, expiry::Stamp};
use smallvec::SmallVec;

/// Entries that were moved: from slot, to slot.
pub(in crate::engine::table) type Moves = SmallVec<[(u32, u32); 16]>;

/// Notes that an entry was moved, where anything is kept by slot.
pub(super) fn note_move<K, V, P: Policy>(from: (u32, usize), to: (u32, usize), moves: &mut Moves) {
    if P::Eviction::BOUNDED || StampOf::<P>::EXPIRES {
        moves.push((Layout::<K, V, P>::slot_number(from.0, from.1), Layout::<K, V, P>::slot_number(to.0, to.1)));
    }
}
