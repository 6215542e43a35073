//! The weight of each entry of a shard, by slot, as it was last weighed. So removing an entry runs no user code, and
//! gives back exactly the units that it took.

use super::raw::Slot;
use crate::{engine::units::Weight, memory::arena::Heap, memory::chunked::Chunked};
use allocator_api2::boxed::Box;

#[derive(Debug)]
pub(super) struct Weights(Chunked<Weight>);

impl Weights {
    pub(super) fn begin(heap: &Heap) -> Box<Self, Heap> {
        Box::new_in(Weights(Chunked::new(heap)), heap.clone())
    }

    /// The address and the size in bytes of a part of its memory.
    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.0.part(index)
    }

    pub(super) fn of(&self, slot: Slot) -> Weight {
        self.0.get(slot.number() as usize).copied().unwrap_or(Weight::ZERO)
    }

    pub(super) fn set(&mut self, slot: Slot, weight: Weight) {
        let index = slot.number() as usize;
        self.0.reach(index);
        self.0[index] = weight;
    }

    /// Moves the weight of slot `from` to slot `to`.
    pub(super) fn moved(&mut self, from: Slot, to: Slot) {
        self.set(to, self.of(from));
    }

    /// Forgets the slots from `slots` on.
    pub(super) fn shrink_to(&mut self, slots: u32) {
        self.0.truncate(slots as usize);
    }
}
