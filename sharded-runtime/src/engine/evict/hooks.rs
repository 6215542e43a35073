//! The methods of this crate's evictions that [`Eviction`](super::Eviction) does not have.

use super::context::FieldContext;
pub(crate) use crate::bounds::Token;
use crate::{hasher::LowHash, memory::arena::Heap};
use std::ops::Range;

/// Private methods of an eviction `E` of this crate.
///
/// They are no part of [`Eviction`](super::Eviction), so they can change without breaking evictions that users have
/// written. The defaults are the behaviour of those.
pub trait Hooks<E> {
    /// Whether a use under an exclusive lock changes the order, so that a mark is not enough.
    #[inline]
    fn reorders(&self) -> bool {
        false
    }

    /// Called once, while `eviction` is empty: allocates its state from `heap`.
    fn init(&self, eviction: &mut E, heap: &Heap, field: &FieldContext) {
        let _ = (eviction, heap, field);
    }

    /// The address and the size in bytes of a part of that state, by index. `None` after the last part.
    fn part(&self, eviction: &E, index: usize) -> Option<(usize, usize)> {
        let _ = (eviction, index);
        None
    }

    /// Called when an entry with this hash is about to be inserted, before room is made for it. It may be called
    /// several times for one entry, and the entry may not be inserted after all.
    #[inline]
    fn missed(&self, eviction: &mut E, hash: LowHash) {
        let _ = (eviction, hash);
    }

    /// Called when the entry of this slot, whose key has this hash, is about to be removed because it was the victim.
    #[inline]
    fn evicted(&self, eviction: &mut E, slot: u32, hash: LowHash) {
        let _ = (eviction, slot, hash);
    }

    /// The slot that the next call of `victim` probably returns, if that call takes long. The slot is prefetched during
    /// the call.
    #[inline]
    fn likely_victim(&self, eviction: &E) -> Option<u32> {
        let _ = eviction;
        None
    }

    /// The slots that the next call of `victim` examines, as ranges. An empty range ends them. Under `Optimistic`,
    /// `hit_mut` is called before for those of these slots that were used.
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
