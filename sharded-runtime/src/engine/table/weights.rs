//! What each entry of a shard weighs, by slots: as it was last weighed. So taking an entry out runs no user code, and gives back exactly
//! what was taken for it.

use crate::{engine::units::Weight, memory::arena::Heap, memory::chunked::Chunked};
use allocator_api2::boxed::Box;

#[derive(Debug)]
pub(super) struct Weights(Chunked<Weight>);

impl Weights {
    pub(super) fn begin(heap: &Heap) -> Box<Self, Heap> {
        Box::new_in(Weights(Chunked::new(heap)), heap.clone())
    }

    /// The address and the bytes of a part of its memory.
    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.0.part(index)
    }

    pub(super) fn of(&self, slot: u32) -> Weight {
        self.0.get(slot as usize).copied().unwrap_or(Weight::ZERO)
    }

    pub(super) fn set(&mut self, slot: u32, weight: Weight) {
        self.0.reach(slot as usize);
        self.0[slot as usize] = weight;
    }

    /// The entry of slot `from` lives in slot `to` now.
    pub(super) fn moved(&mut self, from: u32, to: u32) {
        self.set(to, self.of(from));
    }

    /// Slots from `slots` on are gone.
    pub(super) fn shrink_to(&mut self, slots: u32) {
        self.0.truncate(slots as usize);
    }
}
