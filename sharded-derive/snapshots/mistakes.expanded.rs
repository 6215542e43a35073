pub struct Mistakes {
    first: <HashMap<
        String,
        u32,
    > as ::sharded::Declared>::Field<__sharded_Mistakes::MistakesFirst>,
    second: <HashSet<
        String,
    > as ::sharded::Declared>::Field<__sharded_Mistakes::MistakesSecond>,
    third: String,
}
/// What `#[sharded]` generates for [`Mistakes`](super::Mistakes).
mod __sharded_Mistakes {
    /// The policy of [`Mistakes::first`](super::Mistakes::first): as many shards as suit the machine, each behind a `Mutex`; at most 67108864 entries, then `Adaptive` evicts.
    pub enum MistakesFirst {}
    /// The policy of [`Mistakes::second`](super::Mistakes::second): as many shards as suit the machine, each behind a `Mutex`.
    pub(super) enum MistakesSecond {}
    /// Builds [`Mistakes`](super::Mistakes). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct MistakesBuilder<__Third = ::sharded::builder::Missing> {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) first: ::sharded::builder::FieldOptions<MistakesFirst>,
        pub(super) second: ::sharded::builder::FieldOptions<MistakesSecond>,
        pub(super) third: __Third,
    }
}
pub use __sharded_Mistakes::*;
impl ::sharded::Policy for __sharded_Mistakes::MistakesFirst {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Adaptive;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "first";
    const STORE: &'static ::core::primitive::str = "Mistakes";
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        67108864,
    );
}
impl ::sharded::Policy for __sharded_Mistakes::MistakesSecond {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "second";
    const STORE: &'static ::core::primitive::str = "Mistakes";
}
impl Mistakes {
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; at most 67108864 entries, then `Adaptive` evicts.
    #[must_use]
    pub const fn first(
        &self,
    ) -> &<HashMap<
        String,
        u32,
    > as ::sharded::Declared>::Field<__sharded_Mistakes::MistakesFirst> {
        &self.first
    }
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`.
    #[must_use]
    const fn second(
        &self,
    ) -> &<HashSet<
        String,
    > as ::sharded::Declared>::Field<__sharded_Mistakes::MistakesSecond> {
        &self.second
    }
}
impl Mistakes {
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Mistakes::MistakesBuilder<
        ::sharded::builder::Missing,
    > {
        __sharded_Mistakes::MistakesBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            first: ::sharded::builder::FieldOptions::new(),
            second: ::sharded::builder::FieldOptions::new(),
            third: ::sharded::builder::Missing,
        }
    }
}
impl<__Third> __sharded_Mistakes::MistakesBuilder<__Third> {
    /// Uses this manual clock in place of every declared clock.
    pub fn clock(mut self, __clock: ::sharded::clock::Manual) -> Self {
        self.__options = self.__options.clock(__clock);
        self
    }
    /// Gives every map this many shards in place of the declared number. A map's own override comes first. It is
    /// a power of two, at most 65536. Otherwise the store is not built.
    pub fn shards(mut self, __shards: ::core::primitive::usize) -> Self {
        self.__options = self.__options.shards(__shards);
        self
    }
    /// Leaves expired entries to writes and to `sweep()`: no background thread removes them.
    pub fn sweep_by_hand(mut self) -> Self {
        self.__options = self.__options.sweep_by_hand();
        self
    }
    /// Places shards as on a machine with this topology, in place of the present one.
    pub fn topology(mut self, __topology: ::sharded::topology::Topology) -> Self {
        self.__options = self.__options.topology(__topology);
        self
    }
    /// Overrides what was declared for `first`.
    pub fn first(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Mistakes::MistakesFirst>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Mistakes::MistakesFirst>,
    ) -> Self {
        self.first = __options(self.first);
        self.__options = self.__options.note(&self.first);
        self
    }
    /// Overrides what was declared for `second`.
    fn second(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Mistakes::MistakesSecond>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Mistakes::MistakesSecond>,
    ) -> Self {
        self.second = __options(self.second);
        self.__options = self.__options.note(&self.second);
        self
    }
    /// Checks the overrides that were given so far, where they are not known to be right.
    ///
    /// # Errors
    ///
    /// The first one with a value that no map can be built with, such as a ttl of zero.
    pub fn checked(
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
    pub fn build(self) -> Mistakes
    where
        __Third: ::sharded::builder::Supplied<String>,
    {
        let __store = self.__options.start();
        Mistakes {
            first: ::sharded::macro_support::build(&__store, 0, self.first),
            second: ::sharded::macro_support::build(&__store, 1, self.second),
            third: ::sharded::builder::Supplied::value(self.third),
        }
    }
}
impl<__Third> __sharded_Mistakes::MistakesBuilder<__Third> {
    /// Sets the value of the skipped field `third`.
    fn third(
        self,
        __third: String,
    ) -> __sharded_Mistakes::MistakesBuilder<::sharded::builder::Given<String>> {
        __sharded_Mistakes::MistakesBuilder {
            __options: self.__options,
            first: self.first,
            second: self.second,
            third: ::sharded::builder::Given(__third),
        }
    }
}
impl ::sharded::Store for Mistakes {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.first);
        __visitor(&self.second);
    }
}
impl ::core::fmt::Debug for Mistakes {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Mistakes");
        ::core::fmt::DebugStruct::field(&mut __debug, "first", &self.first);
        ::core::fmt::DebugStruct::field(&mut __debug, "second", &self.second);
        ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __debug)
    }
}
::core::compile_error! {
    "`shards` must be a power of two: the nearest to 12 are 8 and 16"
}
::core::compile_error! {
    "unknown option `tll`, did you mean `ttl`? The struct takes `shards`, `lock`, `ttl`, `ttl_jitter`, `idle`, `refresh_after`, `capacity`, `evict`, `hasher`, `numa`, `clock`, `snapshot`, `record` and `crate`"
}
::core::compile_error! {
    "unknown lock `RwLok`, did you mean `RwLock`? There are `Mutex`, `RwLock`, `Optimistic` and `Rcu`; a type of your own is written as a path, `self::RwLok`"
}
::core::compile_error! {
    "`skip` goes on a field: `#[shard(skip)]`"
}
::core::compile_error! {
    "unknown unit `min`, did you mean `m`? The units are `ns`, `us`, `ms`, `s`, `m`, `h` and `d`, as in `ttl = \"1h 30m\"`"
}
::core::compile_error! {
    "`capacity` is given twice: keep one of the two"
}
::core::compile_error! {
    "unknown option `colour`. A field takes `shards`, `lock`, `ttl`, `ttl_jitter`, `idle`, `refresh_after`, `capacity`, `evict`, `weight`, `evictable`, `preallocate`, `unbounded`, `hasher`, `numa`, `clock`, `tier`, `staleness`, `stale`, `schema`, `index_of`, `key` and `skip`"
}
::core::compile_error! {
    "a skipped field is not a map of the store, so it takes no other option: remove this or `skip`"
}
::core::compile_error! {
    "`capacity` counts entries, not bytes: write their number, as in `capacity = 10_000`, or keep `64MiB` and declare what an entry weighs: `weight = weight_of_entry`"
}
::core::compile_error! {
    "`evict` says which entry leaves a full map, but `second` has no `capacity`: add `capacity = 10_000`, or remove `evict`"
}
