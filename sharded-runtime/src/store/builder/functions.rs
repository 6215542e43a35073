//! The functions of a field that get its keys and values.

use crate::engine::index::Index;
use std::{fmt, sync::Arc, time::Duration};

/// The functions in the options of a field: the weight of an entry, whether it may be evicted, and how long it lives.
///
/// [`FieldOptions::weigher`](super::FieldOptions::weigher), [`FieldOptions::evictable`](super::FieldOptions::evictable)
/// and [`FieldOptions::ttl_of`](super::FieldOptions::ttl_of) set them. Programs need this type only to name the type
/// of options before the functions are set:
///
/// # Examples
///
/// ```
/// # use sharded::{Policy, clock, evict, expiry, lock, placement, shards};
/// # enum Pages {}
/// # impl Policy for Pages {
/// #     type Shards = shards::Fixed<64>;
/// #     type Lock = lock::Mutex;
/// #     type Expiry = expiry::Never;
/// #     type Eviction = evict::Lru;
/// #     type Placement = placement::Spread;
/// #     type Clock = clock::System;
/// #     const NAME: &'static str = "pages";
/// #     const CAPACITY: Option<usize> = Some(1 << 20);
/// #     const WEIGHS: bool = true;
/// # }
/// use sharded::{ShardedMap, builder::{FieldOptions, Functions}};
///
/// let mut options: FieldOptions<Pages, Functions<u32, String>> = FieldOptions::default();
/// if Pages::WEIGHS {
///     options = options.weigher(|_, page| u32::try_from(page.len()).unwrap_or(u32::MAX));
/// }
/// let pages: ShardedMap<u32, String, Pages> = ShardedMap::with_options(options);
/// ```
pub struct Functions<K, V> {
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) evictable: Option<Evictable<K, V>>,
    pub(crate) ttl_of: Option<TtlOf<K, V>>,
    /// The indexes of the map.
    pub(crate) indexes: Vec<Arc<dyn Index<K, V>>>,
}

/// The weight of an entry.
pub(crate) type Weigher<K, V> = fn(&K, &V) -> u32;
/// Whether an entry may be evicted.
pub(crate) type Evictable<K, V> = fn(&K, &V) -> bool;
/// How long an entry lives.
pub(crate) type TtlOf<K, V> = fn(&K, &V) -> Duration;

impl<K, V> Default for Functions<K, V> {
    fn default() -> Self {
        Functions { weigher: None, evictable: None, ttl_of: None, indexes: Vec::new() }
    }
}

impl<K, V> From<()> for Functions<K, V> {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl<K, V> fmt::Debug for Functions<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("weigher", &self.weigher.is_some())
            .field("evictable", &self.evictable.is_some())
            .field("ttl_of", &self.ttl_of.is_some())
            .field("indexes", &self.indexes.len())
            .finish()
    }
}

/// Functions that fit the field `T`: those for its keys and values, or none.
#[diagnostic::on_unimplemented(
    message = "a function in these options is for other keys or values than those of `{T}`",
    label = "the options of another map",
    note = "each function takes `&K` and `&V`, where the map is a `ShardedMap<K, V, …>`; `V` is `()` for a set"
)]
pub trait FunctionsFor<T: Parts> {
    /// The functions, with the types of the field.
    #[doc(hidden)]
    fn functions(self) -> Functions<T::Key, T::Value>;
}

#[diagnostic::do_not_recommend]
impl<T: Parts> FunctionsFor<T> for () {
    fn functions(self) -> Functions<T::Key, T::Value> {
        Functions::default()
    }
}

/// The types of a field, which need not fit together.
pub trait Parts {
    /// Its keys.
    type Key;
    /// Its values. `()` for a set.
    type Value;
    /// Its policy.
    type Policy: crate::Policy;
    /// Its hasher.
    type Hasher;
}
