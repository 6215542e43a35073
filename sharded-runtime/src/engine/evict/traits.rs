//! The interface of an eviction.

use super::hooks::{Hooks, NoHooks, Token};

/// The order in which the entries of one shard leave, chosen with `evict = …`.
///
/// A value of this type is the state of one shard. It identifies an entry by the number of its slot, a small integer.
/// An entry keeps its number until [`moved`](Eviction::moved) is called for it, when the table grows or shrinks. The
/// numbers in use are dense: at least about a third of those below the largest have an entry. So the state can be an
/// array that is indexed by slot, and needs no allocation per entry.
///
/// Under [`Optimistic`](crate::lock::Optimistic) a read takes no lock and can't call [`hit`](Eviction::hit). It marks
/// the entry. If the victim is a marked entry, it stays: its mark is cleared, [`hit_mut`](Eviction::hit_mut) is called
/// for it, and [`victim`](Eviction::victim) is called again. So several uses count as one, and the eviction learns of
/// them late.
///
/// # An eviction of your own
///
/// The attribute names it by a path: `evict = self::Random`. It needs the four methods without a default, [`Bounded`],
/// and [`MakesRoom`] unless it refuses entries that do not fit. Later versions of this crate will only add methods that
/// have a default.
///
/// A wrong result does no harm. If [`victim`](Eviction::victim) returns no slot, or a vacant one, some other entry of
/// the shard leaves, which takes up to O(slots). The methods must not panic: a panic reaches the caller of the map, and
/// the count of entries may be wrong from then on.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an eviction",
    label = "not an `Eviction`",
    note = "`evict = …` names `Adaptive`, `Lru`, `Sieve`, `S3Fifo`, `TinyLfu`, `Reject`, or a type of your own that implements `sharded::evict::Eviction`"
)]
pub trait Eviction: Default + Send + Sync + 'static {
    /// Whether the field has a capacity: `true` for all but [`Unbounded`](crate::evict::Unbounded).
    const BOUNDED: bool = true;

    /// Whether a full map makes room by evicting. If not, it refuses entries that do not fit.
    const EVICTS: bool = true;

    /// Called when an entry was stored in this slot.
    fn inserted(&mut self, slot: u32);

    /// Called when the entry of this slot was read under a shared lock. Other readers may call it at the same time, so
    /// it should write at most one byte or word of that entry.
    #[inline]
    fn hit(&self, slot: u32) {
        let _ = slot;
    }

    /// Called when the entry of this slot was read or changed under an exclusive lock.
    #[inline]
    fn hit_mut(&mut self, slot: u32) {
        self.hit(slot);
    }

    /// Called when the entry of this slot was removed for any reason, also as a victim.
    fn removed(&mut self, slot: u32);

    /// Called when the entry of slot `from` has moved to slot `to`, which was vacant.
    fn moved(&mut self, from: u32, to: u32);

    /// The slot whose entry should leave next, or `None` if there is none. The entry stays until
    /// [`removed`](Eviction::removed) is called for it.
    fn victim(&mut self) -> Option<u32>;

    /// Called when the table has no slots from `slots` on any more. Memory for them can be given back.
    #[inline]
    fn shrink_to(&mut self, slots: usize) {
        let _ = slots;
    }

    /// The private methods of this crate's evictions. Only this crate has a [`Token`], so other types have none.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    fn hooks(token: Token) -> impl Hooks<Self> {
        let _ = token;
        NoHooks
    }
}

/// An [`Eviction`] of a field with a capacity: all but [`Unbounded`](crate::evict::Unbounded).
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
    note = "call `try_insert` or `insert_many`, which give back what was refused, or declare an eviction that makes room, such as `evict = Adaptive`"
)]
pub trait MakesRoom: Eviction {}
