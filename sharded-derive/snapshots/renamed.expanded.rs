pub struct Renamed {
    map: <HashMap<
        u32,
        String,
    > as ::framework::exports::sharded::Declared>::FieldWith<
        __sharded_Renamed::RenamedMap,
        ::framework::exports::sharded::hasher::SipHash,
    >,
    other: u8,
}
/// What `#[sharded]` generates for [`Renamed`](super::Renamed).
mod __sharded_Renamed {
    /// The policy of [`Renamed::map`](super::Renamed::map): as many shards as suit the machine, each behind a `RwLock`; entries expire 1m after they were written; at most 10 entries, then `Lru` evicts; hashed by `SipHash`.
    pub enum RenamedMap {}
    /// Builds [`Renamed`](super::Renamed). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct RenamedBuilder<
        __Other = ::framework::exports::sharded::builder::Missing,
    > {
        pub(super) __options: ::framework::exports::sharded::builder::StoreOptions,
        pub(super) map: ::framework::exports::sharded::builder::FieldOptions<RenamedMap>,
        pub(super) other: __Other,
    }
}
pub use __sharded_Renamed::*;
impl ::framework::exports::sharded::Policy for __sharded_Renamed::RenamedMap {
    type Shards = ::framework::exports::sharded::shards::Auto;
    type Lock = ::framework::exports::sharded::lock::RwLock;
    type Expiry = ::framework::exports::sharded::expiry::AfterWrite;
    type Eviction = ::framework::exports::sharded::evict::Lru;
    type Placement = ::framework::exports::sharded::placement::Spread;
    type Clock = ::framework::exports::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "map";
    const STORE: &'static ::core::primitive::str = "Renamed";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        10,
    );
}
impl Renamed {
    /// **Policy:** as many shards as suit the machine, each behind a `RwLock`; entries expire 1m after they were written; at most 10 entries, then `Lru` evicts; hashed by `SipHash`.
    #[must_use]
    pub const fn map(
        &self,
    ) -> &<HashMap<
        u32,
        String,
    > as ::framework::exports::sharded::Declared>::FieldWith<
        __sharded_Renamed::RenamedMap,
        ::framework::exports::sharded::hasher::SipHash,
    > {
        &self.map
    }
}
impl Renamed {
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Renamed::RenamedBuilder<
        ::framework::exports::sharded::builder::Missing,
    > {
        __sharded_Renamed::RenamedBuilder {
            __options: ::framework::exports::sharded::builder::StoreOptions::new(),
            map: ::framework::exports::sharded::builder::FieldOptions::new(),
            other: ::framework::exports::sharded::builder::Missing,
        }
    }
}
impl<__Other> __sharded_Renamed::RenamedBuilder<__Other> {
    /// Uses this manual clock in place of every declared clock.
    pub fn clock(
        mut self,
        __clock: ::framework::exports::sharded::clock::Manual,
    ) -> Self {
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
    pub fn topology(
        mut self,
        __topology: ::framework::exports::sharded::topology::Topology,
    ) -> Self {
        self.__options = self.__options.topology(__topology);
        self
    }
    /// Overrides what was declared for `map`.
    pub fn map(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::framework::exports::sharded::builder::FieldOptions<
                __sharded_Renamed::RenamedMap,
            >,
        ) -> ::framework::exports::sharded::builder::FieldOptions<
                __sharded_Renamed::RenamedMap,
            >,
    ) -> Self {
        self.map = __options(self.map);
        self.__options = self.__options.note(&self.map);
        self
    }
    /// Checks the overrides that were given so far, where they are not known to be right.
    ///
    /// # Errors
    ///
    /// The first one with a value that no map can be built with, such as a ttl of zero.
    pub fn checked(
        self,
    ) -> ::core::result::Result<
        Self,
        ::framework::exports::sharded::builder::BuildError,
    > {
        ::framework::exports::sharded::macro_support::checked(
            self.__options.mistake(),
            self,
        )
    }
    /// Builds the store.
    ///
    /// # Panics
    ///
    /// If an option has a value that no map can be built with, such as a ttl of zero.
    #[must_use]
    #[track_caller]
    pub fn build(self) -> Renamed
    where
        __Other: ::framework::exports::sharded::builder::Supplied<u8>,
    {
        let __store = self.__options.start();
        Renamed {
            map: ::framework::exports::sharded::macro_support::build(
                &__store,
                0,
                self.map,
            ),
            other: ::framework::exports::sharded::builder::Supplied::value(self.other),
        }
    }
}
impl<__Other> __sharded_Renamed::RenamedBuilder<__Other> {
    /// Sets the value of the skipped field `other`.
    fn other(
        self,
        __other: u8,
    ) -> __sharded_Renamed::RenamedBuilder<
        ::framework::exports::sharded::builder::Given<u8>,
    > {
        __sharded_Renamed::RenamedBuilder {
            __options: self.__options,
            map: self.map,
            other: ::framework::exports::sharded::builder::Given(__other),
        }
    }
}
impl ::framework::exports::sharded::Store for Renamed {
    fn visit(
        &self,
        __visitor: &mut dyn ::core::ops::FnMut(&dyn ::framework::exports::sharded::Field),
    ) {
        __visitor(&self.map);
    }
}
impl ::core::fmt::Debug for Renamed {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Renamed");
        ::core::fmt::DebugStruct::field(&mut __debug, "map", &self.map);
        ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __debug)
    }
}
