pub struct Shop {
    profiles: <HashMap<
        UserId,
        Profile,
    > as ::sharded::tier::Tiered>::Map<__sharded_Shop::ShopProfiles>,
    flags: <Flags as ::sharded::tier::Tiered>::MapWith<
        __sharded_Shop::ShopFlags,
        ::sharded::hasher::SipHash,
    >,
    name: String,
    local: <HashMap<u64, u64> as ::sharded::Declared>::Field<__sharded_Shop::ShopLocal>,
}
/// What `#[sharded]` generates for [`Shop`](super::Shop).
mod __sharded_Shop {
    /// The policy of [`Shop::profiles`](super::Shop::profiles): as many shards as suit the machine, each behind a `Mutex`; the near cache of a server, so that a read is at most 3s old, or marked and at most 5m old; entries expire 10m after they were written; at most 100000 entries, then `Adaptive` evicts.
    pub enum ShopProfiles {}
    /// The policy of [`Shop::flags`](super::Shop::flags): as many shards as suit the machine, each behind a `Mutex`; the near cache of a server, so that a read is at most 1s old; unbounded: one entry per flag; hashed by `SipHash`.
    pub(super) enum ShopFlags {}
    /// The policy of [`Shop::local`](super::Shop::local): as many shards as suit the machine, each behind a `Mutex`; entries expire 5m after they were written.
    pub(super) enum ShopLocal {}
    /// Builds [`Shop`](super::Shop). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct ShopBuilder<
        __Name = ::sharded::builder::Missing,
        __Redis = ::sharded::builder::Missing,
    > {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) profiles: ::sharded::builder::FieldOptions<ShopProfiles>,
        pub(super) flags: ::sharded::builder::FieldOptions<ShopFlags>,
        pub(super) name: __Name,
        pub(super) local: ::sharded::builder::FieldOptions<ShopLocal>,
        pub(super) __redis: __Redis,
    }
}
pub use __sharded_Shop::*;
impl ::sharded::Policy for __sharded_Shop::ShopProfiles {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Adaptive;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "profiles";
    const STORE: &'static ::core::primitive::str = "Shop";
    const DESCRIPTION: &'static ::core::primitive::str = "What customers say of themselves.";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(600),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        100_000,
    );
    const STALENESS: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(3),
    );
    const SCHEMA: ::core::primitive::u32 = 2;
}
impl ::sharded::tier::ServesStale for __sharded_Shop::ShopProfiles {
    const STALE: ::core::time::Duration = ::core::time::Duration::from_secs(300);
}
impl ::sharded::Policy for __sharded_Shop::ShopFlags {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "flags";
    const STORE: &'static ::core::primitive::str = "Shop";
}
impl ::sharded::Policy for __sharded_Shop::ShopLocal {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "local";
    const STORE: &'static ::core::primitive::str = "Shop";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(300),
    );
}
impl Shop {
    /// What customers say of themselves.
    ///
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; the near cache of a server, so that a read is at most 3s old, or marked and at most 5m old; entries expire 10m after they were written; at most 100000 entries, then `Adaptive` evicts.
    #[must_use]
    pub const fn profiles(
        &self,
    ) -> &<HashMap<
        UserId,
        Profile,
    > as ::sharded::tier::Tiered>::Map<__sharded_Shop::ShopProfiles> {
        &self.profiles
    }
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; the near cache of a server, so that a read is at most 1s old; unbounded: one entry per flag; hashed by `SipHash`.
    #[must_use]
    const fn flags(
        &self,
    ) -> &<Flags as ::sharded::tier::Tiered>::MapWith<
        __sharded_Shop::ShopFlags,
        ::sharded::hasher::SipHash,
    > {
        &self.flags
    }
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 5m after they were written.
    #[must_use]
    const fn local(
        &self,
    ) -> &<HashMap<u64, u64> as ::sharded::Declared>::Field<__sharded_Shop::ShopLocal> {
        &self.local
    }
}
impl Shop {
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Shop::ShopBuilder<
        ::sharded::builder::Missing,
        ::sharded::builder::Missing,
    > {
        __sharded_Shop::ShopBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            profiles: ::sharded::builder::FieldOptions::new(),
            flags: ::sharded::builder::FieldOptions::new(),
            name: ::sharded::builder::Missing,
            local: ::sharded::builder::FieldOptions::new(),
            __redis: ::sharded::builder::Missing,
        }
    }
}
impl<__Name, __Redis> __sharded_Shop::ShopBuilder<__Name, __Redis> {
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
    /// Overrides what was declared for `profiles`.
    pub fn profiles(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Shop::ShopProfiles>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Shop::ShopProfiles>,
    ) -> Self {
        self.profiles = __options(self.profiles);
        self.__options = self.__options.note(&self.profiles);
        self
    }
    /// Overrides what was declared for `flags`.
    fn flags(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Shop::ShopFlags>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Shop::ShopFlags>,
    ) -> Self {
        self.flags = __options(self.flags);
        self.__options = self.__options.note(&self.flags);
        self
    }
    /// Overrides what was declared for `local`.
    fn local(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Shop::ShopLocal>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Shop::ShopLocal>,
    ) -> Self {
        self.local = __options(self.local);
        self.__options = self.__options.note(&self.local);
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
    pub fn build(self) -> Shop
    where
        __Name: ::sharded::builder::Supplied<String>,
        __Redis: ::sharded::tier::Connected,
    {
        let __store = self.__options.start();
        let __redis = ::sharded::tier::Connected::redis(self.__redis);
        Shop {
            profiles: ::sharded::macro_support::build_tiered(
                &__store,
                0,
                self.profiles,
                &__redis,
            ),
            flags: ::sharded::macro_support::build_tiered(
                &__store,
                1,
                self.flags,
                &__redis,
            ),
            name: ::sharded::builder::Supplied::value(self.name),
            local: ::sharded::macro_support::build(&__store, 2, self.local),
        }
    }
}
impl<__Name, __Redis> __sharded_Shop::ShopBuilder<__Name, __Redis> {
    /// Sets the value of the skipped field `name`.
    fn name(
        self,
        __name: String,
    ) -> __sharded_Shop::ShopBuilder<::sharded::builder::Given<String>, __Redis> {
        __sharded_Shop::ShopBuilder {
            __options: self.__options,
            profiles: self.profiles,
            flags: self.flags,
            name: ::sharded::builder::Given(__name),
            local: self.local,
            __redis: self.__redis,
        }
    }
}
impl<__Name, __Redis> __sharded_Shop::ShopBuilder<__Name, __Redis> {
    /// Sets the connection to the server that has the entries of the tiered fields.
    pub fn redis(
        self,
        __redis: ::sharded::tier::Redis,
    ) -> __sharded_Shop::ShopBuilder<
        __Name,
        ::sharded::builder::Given<::sharded::tier::Redis>,
    > {
        __sharded_Shop::ShopBuilder {
            __options: self.__options,
            profiles: self.profiles,
            flags: self.flags,
            name: self.name,
            local: self.local,
            __redis: ::sharded::builder::Given(__redis),
        }
    }
}
impl ::sharded::Store for Shop {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.profiles);
        __visitor(&self.flags);
        __visitor(&self.local);
    }
}
impl ::sharded::snapshot::Snapshot for Shop {
    fn visit_saved(
        &self,
        __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::snapshot::SavedField),
    ) {
        __visitor(::sharded::macro_support::saved(&self.local));
    }
}
impl ::core::fmt::Debug for Shop {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Shop");
        ::core::fmt::DebugStruct::field(&mut __debug, "profiles", &self.profiles);
        ::core::fmt::DebugStruct::field(&mut __debug, "flags", &self.flags);
        ::core::fmt::DebugStruct::field(&mut __debug, "local", &self.local);
        ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __debug)
    }
}
