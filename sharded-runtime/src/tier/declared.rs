//! The map types that a tiered field may be declared with.

use super::map::TieredMap;
use crate::{Declared, Policy};

/// A map type that can be declared with `tier = …`, and the type that replaces it: `HashMap<K, V, S>`, of std and of
/// `hashbrown`, becomes [`TieredMap`].
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// ```
/// use sharded::tier::{Tiered, TieredMap};
/// use std::collections::HashMap;
/// # use sharded::{Policy, clock, evict, expiry, lock, placement, shards};
/// # enum Prices {}
/// # impl Policy for Prices {
/// #     type Shards = shards::Fixed<16>;
/// #     type Lock = lock::Mutex;
/// #     type Expiry = expiry::Never;
/// #     type Eviction = evict::Unbounded;
/// #     type Placement = placement::Spread;
/// #     type Clock = clock::System;
/// #     const NAME: &'static str = "prices";
/// # }
///
/// fn is(prices: <HashMap<u32, f64> as Tiered>::Map<Prices>) -> TieredMap<u32, f64, Prices> {
///     prices
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a tiered field",
    label = "not a map that `tier` can serve",
    note = "a tiered field is a `HashMap<K, V>`, of std or of hashbrown 0.17; a set can be a `HashMap<K, ()>`"
)]
pub trait Tiered: Declared {
    /// The tiered map in its place.
    type Map<P: Policy>;
    /// The tiered map in its place, with the hasher of a `hasher = …` option.
    type MapWith<P: Policy, S>;
}

#[diagnostic::do_not_recommend]
impl<K, V, S> Tiered for std::collections::HashMap<K, V, S> {
    type Map<P: Policy> = TieredMap<K, V, P, S>;
    type MapWith<P: Policy, H> = TieredMap<K, V, P, H>;
}

#[diagnostic::do_not_recommend]
impl<K, V, S> Tiered for hashbrown::HashMap<K, V, S> {
    type Map<P: Policy> = TieredMap<K, V, P, S>;
    type MapWith<P: Policy, H> = TieredMap<K, V, P, H>;
}
