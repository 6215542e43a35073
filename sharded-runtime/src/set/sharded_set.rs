//! The set, and how it is built.

use crate::{
    Field, FieldInfo, Key, Policy, Recording, ShardedMap, Stats,
    builder::{
        BuildError, BuildField, FieldOptions, Functions, FunctionsFor, Parts, StoreContext, StoreOptions, built,
    },
    evict::MakesRoom,
    field::{core::Core, types::Types},
    lock::Serves,
    map::common::common_items,
    placement::FieldPlacement,
    store::sealed::Sealed,
};
use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

/// A concurrent set in shards. Its [`Policy`] determines how shards are locked and when keys leave.
///
/// It is a [`ShardedMap`] without values. That page documents nested accesses, panics, listeners and cost, for sets
/// too.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::HashSet;
///
/// #[sharded]
/// struct Chat {
///     #[shard(idle = "5m")]
///     online: HashSet<String>,
/// }
///
/// let chat = Chat::new();
/// assert!(chat.online().insert("ada".to_owned()));
/// assert!(chat.online().contains("ada"));
/// ```
pub struct ShardedSet<K, P: Policy, S = RandomState> {
    pub(crate) map: ShardedMap<K, (), P, S>,
}

impl<K, P, S> BuildField<P> for ShardedSet<K, P, S>
where
    P: Policy,
    ShardedMap<K, (), P, S>: BuildField<P>,
{
    #[track_caller]
    fn build(store: &StoreContext, index: u16, options: FieldOptions<P>) -> Self {
        built(store.check(Self::build_with(store, index, options)))
    }

    fn build_with<F: FunctionsFor<Self>>(store: &StoreContext, index: u16, options: FieldOptions<P, F>) -> Self {
        ShardedSet { map: BuildField::build_with(store, index, options.with(FunctionsFor::<Self>::functions)) }
    }
}

impl<K, P: Policy, S> FunctionsFor<ShardedSet<K, P, S>> for Functions<K, ()> {
    fn functions(self) -> Functions<K, ()> {
        self
    }
}

impl<K, P, S> ShardedSet<K, P, S>
where
    P: Policy,
    Self: BuildField<P>,
{
    /// Builds a set by itself, as declared.
    ///
    /// # Examples
    ///
    /// See [`Policy`].
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::with_options(FieldOptions::new())
    }

    /// Builds a set by itself. The options override what was declared.
    ///
    /// # Panics
    ///
    /// Where [`try_with_options`](Self::try_with_options) returns an error.
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    #[track_caller]
    pub fn with_options<F: FunctionsFor<Self>>(options: FieldOptions<P, F>) -> Self {
        built(Self::try_with_options(options))
    }

    /// As [`with_options`](Self::with_options), for options that are not known to be right.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if an option has a value that no set can be built with, such as a ttl of zero. So it is if the
    /// options lack a function that the policy requires ([`WEIGHS`](Policy::WEIGHS), [`PINS`](Policy::PINS),
    /// [`TTL_OF_ENTRY`](Policy::TTL_OF_ENTRY)), or have one that it does not use, or a ttl where a function says how
    /// long entries live. And if there is no memory that is to be [taken in advance](FieldOptions::preallocate).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Policy, ShardedSet, clock, evict, expiry, lock, placement, shards};
    /// # enum Pages {}
    /// # impl Policy for Pages {
    /// #     type Shards = shards::Fixed<64>;
    /// #     type Lock = lock::Mutex;
    /// #     type Expiry = expiry::AfterWrite;
    /// #     type Eviction = evict::Unbounded;
    /// #     type Placement = placement::Spread;
    /// #     type Clock = clock::System;
    /// #     const NAME: &'static str = "pages";
    /// #     const TTL: Option<Duration> = Some(Duration::from_secs(60));
    /// # }
    /// use sharded::builder::FieldOptions;
    /// use std::time::Duration;
    ///
    /// let options = FieldOptions::new().ttl(Duration::ZERO);
    /// let error = ShardedSet::<u32, Pages>::try_with_options(options).unwrap_err();
    /// assert_eq!(error.to_string(), "the ttl of `pages` must not be zero");
    /// ```
    pub fn try_with_options<F: FunctionsFor<Self>>(options: FieldOptions<P, F>) -> Result<Self, BuildError> {
        let store = StoreOptions::new().start();
        store.check(Self::build_with(&store, 0, options))
    }
}

common_items! {
    ShardedSet<K>,
    item: K,
    value: (),
    words: "set", "key", "keys",
    declared: "HashSet<String>",
    store: "# use sharded::{clock::Manual, sharded};
# use std::{collections::HashSet, time::Duration};
# #[sharded(ttl = \"1h\")]
# struct Shop { names: HashSet<String> }",
    insert: "shop.names().insert(\"ada\".to_owned());",
}

impl<K, P: Policy, S> ShardedSet<K, P, S> {
    #[inline]
    pub(super) fn core(&self) -> &Core<Types<K, (), P, S>> {
        self.map.core()
    }
}

impl<K, P: Policy, S> Sealed for ShardedSet<K, P, S> {}

/// Sizes, not contents: no lock is taken.
impl<K, P: Policy, S> fmt::Debug for ShardedSet<K, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShardedSet").field(&self.map).finish()
    }
}
