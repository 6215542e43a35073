//! The map types that a declaration may name.

use crate::{Policy, ShardedMap, ShardedSet};

/// A map type as written in a `#[sharded]` struct, and the sharded type that replaces it.
///
/// `HashMap<K, V, S>` of std and of `hashbrown` 0.17 become [`ShardedMap`], `HashSet<K, S>` becomes [`ShardedSet`],
/// through any path and any alias, because the compiler resolves the name. The hasher `S` is kept, except that std's
/// `RandomState` and `hashbrown`'s default count as "none named" and become ahash (see [`hasher`](crate::hasher)).
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// ```
/// use sharded::{Declared, ShardedMap};
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
/// type Table = HashMap<u32, f64>;
/// let prices: <Table as Declared>::Field<Prices> = ShardedMap::new();
/// let same: ShardedMap<u32, f64, Prices> = prices;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a map",
    label = "not a map that `#[sharded]` knows",
    note = "use `HashMap<K, V>` or `HashSet<K>`, of std or of hashbrown 0.17, directly or through an alias",
    note = "a field that is not to be sharded is marked `#[shard(skip)]`"
)]
pub trait Declared: sealed::Sealed {
    /// The type of the keys.
    type Key;
    /// The type of the values; `()` for a set.
    type Value;
    /// The hasher that the written type names, or its own default.
    type Hasher;
    /// The sharded map or set in its place.
    type Field<P: Policy>;
    /// The sharded map or set in its place, with the hasher of a `hasher = …` option.
    type FieldWith<P: Policy, S>;
}

#[diagnostic::do_not_recommend]
impl<K, V, S> Declared for std::collections::HashMap<K, V, S> {
    type Key = K;
    type Value = V;
    type Hasher = S;
    type Field<P: Policy> = ShardedMap<K, V, P, S>;
    type FieldWith<P: Policy, H> = ShardedMap<K, V, P, H>;
}

#[diagnostic::do_not_recommend]
impl<K, S> Declared for std::collections::HashSet<K, S> {
    type Key = K;
    type Value = ();
    type Hasher = S;
    type Field<P: Policy> = ShardedSet<K, P, S>;
    type FieldWith<P: Policy, H> = ShardedSet<K, P, H>;
}

#[diagnostic::do_not_recommend]
impl<K, V, S> Declared for hashbrown::HashMap<K, V, S> {
    type Key = K;
    type Value = V;
    type Hasher = S;
    type Field<P: Policy> = ShardedMap<K, V, P, S>;
    type FieldWith<P: Policy, H> = ShardedMap<K, V, P, H>;
}

#[diagnostic::do_not_recommend]
impl<K, S> Declared for hashbrown::HashSet<K, S> {
    type Key = K;
    type Value = ();
    type Hasher = S;
    type Field<P: Policy> = ShardedSet<K, P, S>;
    type FieldWith<P: Policy, H> = ShardedSet<K, P, H>;
}

mod sealed {
    /// A map type of std or hashbrown.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` can't stand for a map in a declaration",
        label = "neither a `HashMap` nor a `HashSet`",
        note = "`#[sharded]` takes `HashMap` and `HashSet`, of std and hashbrown, and aliases of them"
    )]
    pub trait Sealed {}
    impl<K, V, S> Sealed for std::collections::HashMap<K, V, S> {}
    impl<K, S> Sealed for std::collections::HashSet<K, S> {}
    impl<K, V, S> Sealed for hashbrown::HashMap<K, V, S> {}
    impl<K, S> Sealed for hashbrown::HashSet<K, S> {}
}
