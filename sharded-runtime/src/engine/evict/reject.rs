use super::traits::{Bounded, Eviction};

/// Evicts nothing and refuses entries that do not fit: `evict = Reject`.
///
/// For state that must not be evicted, such as reservations. Only [`try_insert`](crate::ShardedMap::try_insert) and the
/// calls that load, such as [`get_or_load_with`](crate::ShardedMap::get_or_load_with), add entries to such a field,
/// since the other calls can't report a refusal. A loaded value that does not fit is returned to its callers without
/// being stored, and counts as evicted.
///
/// # Examples
///
/// ```
/// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
/// # enum Seats {}
/// # impl Policy for Seats {
/// #     type Shards = shards::Fixed<1>;
/// #     type Lock = lock::Mutex;
/// #     type Expiry = expiry::Never;
/// #     type Eviction = evict::Reject;
/// #     type Placement = placement::Spread;
/// #     type Clock = clock::System;
/// #     const NAME: &'static str = "seats";
/// #     const CAPACITY: Option<usize> = Some(1);
/// # }
/// let seats: ShardedMap<u8, &str, Seats> = ShardedMap::new();
/// assert!(seats.try_insert(1, "ada").is_ok());
/// assert_eq!(seats.try_insert(2, "bob").unwrap_err().value, "bob");
/// ```
#[derive(Debug, Default)]
pub struct Reject;

impl Bounded for Reject {}

impl Eviction for Reject {
    const EVICTS: bool = false;

    #[inline]
    fn inserted(&mut self, _: u32) {}
    #[inline]
    fn removed(&mut self, _: u32) {}
    #[inline]
    fn moved(&mut self, _: u32, _: u32) {}
    #[inline]
    fn victim(&mut self) -> Option<u32> {
        None
    }
}
