//! What the evictions of this crate do besides what [`Eviction`](super::Eviction) asks of everyone.

use super::context::FieldContext;
pub(crate) use crate::bounds::Token;
use crate::{hasher::LowHash, memory::arena::Heap};
use std::ops::Range;

/// What the table asks of an eviction `E` of this crate.
///
/// It is no part of [`Eviction`](super::Eviction), so it can change without a change to an eviction that a user has
/// written. There is nothing to implement for those: each question has the answer for them as its default.
pub trait Hooks<E> {
    /// Whether a use under an exclusive lock is more than a mark.
    #[inline]
    fn reorders(&self) -> bool {
        false
    }

    /// Called once, while `eviction` is empty: allocates its state from `heap`.
    fn init(&self, eviction: &mut E, heap: &Heap, field: &FieldContext) {
        let _ = (eviction, heap, field);
    }

    /// The address and the size in bytes of a part of that state. Parts are counted from zero; the first `None` ends
    /// them.
    fn part(&self, eviction: &E, index: usize) -> Option<(usize, usize)> {
        let _ = (eviction, index);
        None
    }

    /// An entry with this hash is about to be inserted. If the map is full, room is made for it first. This may be
    /// called several times for one entry, and the entry need not be inserted in the end.
    #[inline]
    fn missed(&self, eviction: &mut E, hash: LowHash) {
        let _ = (eviction, hash);
    }

    /// The entry of this slot, whose key has this hash, is about to be removed because it was the victim.
    #[inline]
    fn evicted(&self, eviction: &mut E, slot: u32, hash: LowHash) {
        let _ = (eviction, slot, hash);
    }

    /// The slot that the next call of `victim` probably names, where that call takes long: the processor then fetches
    /// the slot meanwhile.
    #[inline]
    fn likely_victim(&self, eviction: &E) -> Option<u32> {
        let _ = eviction;
        None
    }

    /// Slots that the next call of `victim` looks at, in ranges; the first empty one ends them. Under `Optimistic`,
    /// `hit_mut` is called before that for those slots that were used.
    #[inline]
    fn looks_at(&self, eviction: &mut E, nth: usize) -> Range<u32> {
        let _ = (eviction, nth);
        0..0
    }
}

/// The hooks of an eviction that a user has written: none.
#[derive(Debug)]
pub(super) struct NoHooks;

impl<E> Hooks<E> for NoHooks {}

/// The hooks of an eviction of this crate.
#[derive(Debug)]
pub(super) struct OwnHooks;
