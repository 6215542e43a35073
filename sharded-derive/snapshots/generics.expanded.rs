pub(crate) struct Cache<K: Key, V = String, const N: usize = 4>
where
    V: Value + Clone,
{
    rows: <HashMap<K, [V; N]> as ::sharded::Declared>::Field<__sharded_Cache::CacheRows>,
    parents: Vec<Cache<K, V, { N }>>,
}
/// What `#[sharded]` generates for [`Cache`](super::Cache).
mod __sharded_Cache {
    /// The policy of [`Cache::rows`](super::Cache::rows): as many shards as suit the machine, each behind a `Mutex`; at most 1000 entries, then `Adaptive` evicts.
    pub(crate) enum CacheRows {}
    /// Builds [`Cache`](super::Cache). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub(crate) struct CacheBuilder<__Self, __Parents = ::sharded::builder::Missing> {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) rows: ::sharded::builder::FieldOptions<CacheRows>,
        pub(super) parents: __Parents,
        pub(super) __store: ::core::marker::PhantomData<fn() -> __Self>,
    }
}
pub(crate) use __sharded_Cache::*;
impl ::sharded::Policy for __sharded_Cache::CacheRows {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Adaptive;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "rows";
    const STORE: &'static ::core::primitive::str = "Cache";
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        1000,
    );
}
impl<K: Key, V, const N: usize> Cache<K, V, { N }>
where
    V: Value + Clone,
{
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; at most 1000 entries, then `Adaptive` evicts.
    #[must_use]
    pub(crate) const fn rows(
        &self,
    ) -> &<HashMap<
        K,
        [V; N],
    > as ::sharded::Declared>::Field<__sharded_Cache::CacheRows> {
        &self.rows
    }
}
impl<K: Key, V, const N: usize> Cache<K, V, { N }>
where
    V: Value + Clone,
{
    /// Returns a builder, whose methods override what was declared.
    pub(crate) fn builder() -> __sharded_Cache::CacheBuilder<
        Cache<K, V, { N }>,
        ::sharded::builder::Missing,
    > {
        __sharded_Cache::CacheBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            rows: ::sharded::builder::FieldOptions::new(),
            parents: ::sharded::builder::Missing,
            __store: ::core::marker::PhantomData,
        }
    }
}
impl<
    K: Key,
    V,
    const N: usize,
    __Parents,
> __sharded_Cache::CacheBuilder<Cache<K, V, { N }>, __Parents>
where
    V: Value + Clone,
{
    /// Uses this manual clock in place of every declared clock.
    pub(crate) fn clock(mut self, __clock: ::sharded::clock::Manual) -> Self {
        self.__options = self.__options.clock(__clock);
        self
    }
    /// Gives every map this many shards in place of the declared number. A map's own override comes first. It is
    /// a power of two, at most 65536. Otherwise the store is not built.
    pub(crate) fn shards(mut self, __shards: ::core::primitive::usize) -> Self {
        self.__options = self.__options.shards(__shards);
        self
    }
    /// Leaves expired entries to writes and to `sweep()`: no background thread removes them.
    pub(crate) fn sweep_by_hand(mut self) -> Self {
        self.__options = self.__options.sweep_by_hand();
        self
    }
    /// Places shards as on a machine with this topology, in place of the present one.
    pub(crate) fn topology(mut self, __topology: ::sharded::topology::Topology) -> Self {
        self.__options = self.__options.topology(__topology);
        self
    }
    /// Overrides what was declared for `rows`.
    pub(crate) fn rows(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Cache::CacheRows>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Cache::CacheRows>,
    ) -> Self {
        self.rows = __options(self.rows);
        self.__options = self.__options.note(&self.rows);
        self
    }
    /// Checks the overrides that were given so far, where they are not known to be right.
    ///
    /// # Errors
    ///
    /// The first one with a value that no map can be built with, such as a ttl of zero.
    pub(crate) fn checked(
        self,
    ) -> ::core::result::Result<Self, ::sharded::builder::BuildError> {
        ::sharded::macro_support::checked(self.__options.mistake(), self)
    }
    /// Builds the store.
    ///
    /// # Panics
    ///
    /// If an option has a value that no map can be built with, such as a ttl of zero.
    #[must_use]
    #[track_caller]
    pub(crate) fn build(self) -> Cache<K, V, { N }>
    where
        __Parents: ::sharded::builder::Supplied<Vec<Cache<K, V, { N }>>>,
    {
        let __store = self.__options.start();
        Cache {
            rows: ::sharded::macro_support::build(&__store, 0, self.rows),
            parents: ::sharded::builder::Supplied::value(self.parents),
        }
    }
}
impl<
    K: Key,
    V,
    const N: usize,
    __Parents,
> __sharded_Cache::CacheBuilder<Cache<K, V, { N }>, __Parents>
where
    V: Value + Clone,
{
    /// Sets the value of the skipped field `parents`.
    fn parents(
        self,
        __parents: Vec<Cache<K, V, { N }>>,
    ) -> __sharded_Cache::CacheBuilder<
        Cache<K, V, { N }>,
        ::sharded::builder::Given<Vec<Cache<K, V, { N }>>>,
    > {
        __sharded_Cache::CacheBuilder {
            __options: self.__options,
            rows: self.rows,
            parents: ::sharded::builder::Given(__parents),
            __store: self.__store,
        }
    }
}
impl<K: Key, V, const N: usize> ::sharded::Store for Cache<K, V, { N }>
where
    V: Value + Clone,
{
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.rows);
    }
}
impl<K: Key, V, const N: usize> ::core::fmt::Debug for Cache<K, V, { N }>
where
    V: Value + Clone,
{
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Cache");
        ::core::fmt::DebugStruct::field(&mut __debug, "rows", &self.rows);
        ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __debug)
    }
}
