//! What an eviction is asked and told.

use super::field::Field;
use crate::memory::arena::Heap;
use std::ops::Range;

/// The order in which the entries of one shard leave, chosen with `evict = …`.
///
/// The value is what one shard remembers about its entries; it knows them by the number of their slot, a small integer
/// that stays with an entry as long as [`moved`](Eviction::moved) does not say otherwise, as it does when the table grows or shrinks. The
/// numbers in use are dense: about a third of those below the largest have an entry, or more. Every choice keeps what it needs in
/// arrays of its own, so there is no allocation per entry.
///
/// Under [`Optimistic`](crate::lock::Optimistic) reads happen unseen. They mark the entry; and an entry that is named as the victim and is marked
/// is not taken: [`hit_mut`](Eviction::hit_mut) is called for it, then [`victim`](Eviction::victim) again. So what was used
/// since it was last named is told once, and late.
///
/// An eviction of one's own is named by a path: `evict = self::Random`. Nothing that it answers can do harm: where
/// it names no victim, or one that is no entry, some other entry of the shard leaves (and finding it takes up to O(slots)). It must not panic: the panic would reach
/// the caller of the map, and the count of the entries could be off from then on.
///
/// # Examples
///
/// ```
/// use sharded::evict::{Bounded, Eviction, MakesRoom};
///
/// /// First in, last out.
/// #[derive(Default)]
/// struct Newest(Vec<u32>);
///
/// impl Eviction for Newest {
///     fn inserted(&mut self, slot: u32) {
///         self.0.push(slot);
///     }
///     fn removed(&mut self, slot: u32) {
///         self.0.retain(|&s| s != slot);
///     }
///     fn moved(&mut self, from: u32, to: u32) {
///         for slot in self.0.iter_mut().filter(|s| **s == from) {
///             *slot = to;
///         }
///     }
///     fn victim(&mut self) -> Option<u32> {
///         self.0.last().copied()
///     }
/// }
/// impl Bounded for Newest {}
/// impl MakesRoom for Newest {}
///
/// let mut shard = Newest::default();
/// shard.inserted(0);
/// shard.inserted(1);
/// assert_eq!(shard.victim(), Some(1));
/// ```
pub trait Eviction: Default + Send + Sync + 'static {
    /// Whether it goes with a capacity: true of all but [`Unbounded`](crate::evict::Unbounded).
    const BOUNDED: bool = true;

    /// Whether a full map makes room by evicting. Where not, what does not fit is refused.
    const EVICTS: bool = true;

    /// Whether a use under an exclusive lock is more than a mark.
    #[doc(hidden)]
    const REORDERS: bool = false;

    /// An entry was put into this slot.
    fn inserted(&mut self, slot: u32);

    /// The entry of this slot was read under a shared lock: at most one byte or word of its own may be written.
    #[inline]
    fn hit(&self, slot: u32) {
        let _ = slot;
    }

    /// The entry of this slot was read or changed under an exclusive lock.
    #[inline]
    fn hit_mut(&mut self, slot: u32) {
        self.hit(slot);
    }

    /// The entry of this slot is gone, for whatever reason; also called for the victim.
    fn removed(&mut self, slot: u32);

    /// The entry of slot `from` lives in slot `to` now, which was vacant.
    fn moved(&mut self, from: u32, to: u32);

    /// The slot whose entry should leave next, or `None` where there is none. It stays in until [`removed`](Eviction::removed).
    fn victim(&mut self) -> Option<u32>;

    /// What the next [`victim`](Eviction::victim) may well be, where it takes a while to say: the processor is told to fetch it.
    #[doc(hidden)]
    #[inline]
    fn likely_victim(&self) -> Option<u32> {
        None
    }

    /// Slots that the next [`victim`](Eviction::victim) looks at, in ranges, of which an empty one is the last: under `Optimistic`,
    /// [`hit_mut`](Eviction::hit_mut) is called before for those that were used.
    #[doc(hidden)]
    #[inline]
    fn looks_at(&mut self, nth: usize) -> Range<u32> {
        let _ = nth;
        0..0
    }

    /// Slots from `slots` on are gone; memory for them may be given back.
    #[inline]
    fn shrink_to(&mut self, slots: usize) {
        let _ = slots;
    }

    /// Has what it will know of slots lie in this memory, before there is anything. The field is that of the shard.
    #[doc(hidden)]
    fn settle(&mut self, heap: &Heap, field: &Field) {
        let _ = (heap, field);
    }

    /// An entry with this hash, of which only the lower half is to be looked at, is about to be [`inserted`](Eviction::inserted); room
    /// will be made for it where there is none. May be called more than once for it, and it may come to nothing.
    #[doc(hidden)]
    #[inline]
    fn missed(&mut self, hash: u64) {
        let _ = hash;
    }

    /// The entry of this slot, with this hash, is about to be [`removed`](Eviction::removed) because it was the victim.
    #[doc(hidden)]
    #[inline]
    fn evicted(&mut self, slot: u32, hash: u64) {
        let _ = (slot, hash);
    }

    /// The address and the bytes of a part of that memory.
    #[doc(hidden)]
    fn part(&self, index: usize) -> Option<(usize, usize)> {
        let _ = index;
        None
    }
}

/// An [`Eviction`] that goes with a capacity: all but [`Unbounded`](crate::evict::Unbounded).
#[diagnostic::on_unimplemented(
    message = "a field without a capacity can't be given one when it is built",
    label = "its eviction is `{Self}`",
    note = "declare it: `#[shard(capacity = 10_000)]`; the builder can then override the number"
)]
pub trait Bounded: Eviction {}

/// An [`Eviction`] under which an insert always finds room: all but [`Reject`](crate::evict::Reject).
#[diagnostic::on_unimplemented(
    message = "this call can't say that there was no room, and `evict = {Self}` makes none",
    label = "not for a field that rejects what does not fit",
    note = "call `try_insert`, which gives back what was refused, or declare an eviction that makes room, such as `evict = Adaptive`"
)]
pub trait MakesRoom: Eviction {}
