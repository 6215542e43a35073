pub struct Hello {
    visits: <HashMap<
        String,
        u32,
    > as ::sharded::Declared>::Field<__sharded_Hello::HelloVisits>,
}
/// What `#[sharded]` generates for [`Hello`](super::Hello).
mod __sharded_Hello {
    /// The policy of [`Hello::visits`](super::Hello::visits): 16 shards, each behind a `Mutex`; entries expire 5m after they were written.
    pub enum HelloVisits {}
    /// Builds [`Hello`](super::Hello). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct HelloBuilder {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) visits: ::sharded::builder::FieldOptions<HelloVisits>,
    }
}
pub use __sharded_Hello::*;
impl ::sharded::Policy for __sharded_Hello::HelloVisits {
    type Shards = ::sharded::shards::Fixed<16>;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "visits";
    const STORE: &'static ::core::primitive::str = "Hello";
    const DESCRIPTION: &'static ::core::primitive::str = "How often each visitor came.";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(300),
    );
}
impl Hello {
    /// How often each visitor came.
    ///
    /// **Policy:** 16 shards, each behind a `Mutex`; entries expire 5m after they were written.
    #[must_use]
    pub const fn visits(
        &self,
    ) -> &<HashMap<
        String,
        u32,
    > as ::sharded::Declared>::Field<__sharded_Hello::HelloVisits> {
        &self.visits
    }
}
impl Hello {
    /// Builds the store as it was declared.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Hello::HelloBuilder {
        __sharded_Hello::HelloBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            visits: ::sharded::builder::FieldOptions::new(),
        }
    }
}
impl __sharded_Hello::HelloBuilder {
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
    /// Overrides what was declared for `visits`.
    pub fn visits(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Hello::HelloVisits>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Hello::HelloVisits>,
    ) -> Self {
        self.visits = __options(self.visits);
        self.__options = self.__options.note(&self.visits);
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
    pub fn build(self) -> Hello {
        let __store = self.__options.start();
        Hello {
            visits: ::sharded::macro_support::build(&__store, 0, self.visits),
        }
    }
}
impl ::sharded::Store for Hello {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.visits);
    }
}
impl ::core::fmt::Debug for Hello {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Hello");
        ::core::fmt::DebugStruct::field(&mut __debug, "visits", &self.visits);
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}
impl ::core::default::Default for Hello {
    fn default() -> Self {
        Self::new()
    }
}
