pub struct Online {
    users: <HashSet<u64> as ::sharded::Declared>::Field<__sharded_Online::OnlineUsers>,
    names: <HashSet<
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Online::OnlineNames,
        ::sharded::hasher::SipHash,
    >,
    ids: <HashMap<
        u64,
        u64,
        BuildHasherDefault<FxHasher>,
    > as ::sharded::Declared>::Field<__sharded_Online::OnlineIds>,
    by_option: <HashMap<
        u64,
        u64,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Online::OnlineByOption,
        BuildHasherDefault<FxHasher>,
    >,
}
/// What `#[sharded]` generates for [`Online`](super::Online).
mod __sharded_Online {
    /// The policy of [`Online::users`](super::Online::users): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub enum OnlineUsers {}
    /// The policy of [`Online::names`](super::Online::names): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written; hashed by `SipHash`.
    pub enum OnlineNames {}
    /// The policy of [`Online::ids`](super::Online::ids): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub enum OnlineIds {}
    /// The policy of [`Online::by_option`](super::Online::by_option): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written; hashed by `BuildHasherDefault<FxHasher>`.
    pub enum OnlineByOption {}
    /// Builds [`Online`](super::Online). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct OnlineBuilder {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) users: ::sharded::builder::FieldOptions<OnlineUsers>,
        pub(super) names: ::sharded::builder::FieldOptions<OnlineNames>,
        pub(super) ids: ::sharded::builder::FieldOptions<OnlineIds>,
        pub(super) by_option: ::sharded::builder::FieldOptions<OnlineByOption>,
    }
}
pub use __sharded_Online::*;
impl ::sharded::Policy for __sharded_Online::OnlineUsers {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "users";
    const STORE: &'static ::core::primitive::str = "Online";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
impl ::sharded::Policy for __sharded_Online::OnlineNames {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "names";
    const STORE: &'static ::core::primitive::str = "Online";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
impl ::sharded::Policy for __sharded_Online::OnlineIds {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "ids";
    const STORE: &'static ::core::primitive::str = "Online";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
impl ::sharded::Policy for __sharded_Online::OnlineByOption {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "by_option";
    const STORE: &'static ::core::primitive::str = "Online";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
impl Online {
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    pub const fn users(
        &self,
    ) -> &<HashSet<u64> as ::sharded::Declared>::Field<__sharded_Online::OnlineUsers> {
        &self.users
    }
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written; hashed by `SipHash`.
    #[must_use]
    pub const fn names(
        &self,
    ) -> &<HashSet<
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Online::OnlineNames,
        ::sharded::hasher::SipHash,
    > {
        &self.names
    }
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    pub const fn ids(
        &self,
    ) -> &<HashMap<
        u64,
        u64,
        BuildHasherDefault<FxHasher>,
    > as ::sharded::Declared>::Field<__sharded_Online::OnlineIds> {
        &self.ids
    }
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written; hashed by `BuildHasherDefault<FxHasher>`.
    #[must_use]
    pub const fn by_option(
        &self,
    ) -> &<HashMap<
        u64,
        u64,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Online::OnlineByOption,
        BuildHasherDefault<FxHasher>,
    > {
        &self.by_option
    }
}
impl Online {
    /// Builds the store as it was declared.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Online::OnlineBuilder {
        __sharded_Online::OnlineBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            users: ::sharded::builder::FieldOptions::new(),
            names: ::sharded::builder::FieldOptions::new(),
            ids: ::sharded::builder::FieldOptions::new(),
            by_option: ::sharded::builder::FieldOptions::new(),
        }
    }
}
impl __sharded_Online::OnlineBuilder {
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
    /// Overrides what was declared for `users`.
    pub fn users(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Online::OnlineUsers>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Online::OnlineUsers>,
    ) -> Self {
        self.users = __options(self.users);
        self.__options = self.__options.note(&self.users);
        self
    }
    /// Overrides what was declared for `names`.
    pub fn names(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Online::OnlineNames>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Online::OnlineNames>,
    ) -> Self {
        self.names = __options(self.names);
        self.__options = self.__options.note(&self.names);
        self
    }
    /// Overrides what was declared for `ids`.
    pub fn ids(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Online::OnlineIds>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Online::OnlineIds>,
    ) -> Self {
        self.ids = __options(self.ids);
        self.__options = self.__options.note(&self.ids);
        self
    }
    /// Overrides what was declared for `by_option`.
    pub fn by_option(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Online::OnlineByOption>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Online::OnlineByOption>,
    ) -> Self {
        self.by_option = __options(self.by_option);
        self.__options = self.__options.note(&self.by_option);
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
    pub fn build(self) -> Online {
        let __store = self.__options.start();
        Online {
            users: ::sharded::macro_support::build(&__store, 0, self.users),
            names: ::sharded::macro_support::build(&__store, 1, self.names),
            ids: ::sharded::macro_support::build(&__store, 2, self.ids),
            by_option: ::sharded::macro_support::build(&__store, 3, self.by_option),
        }
    }
}
impl ::sharded::Store for Online {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.users);
        __visitor(&self.names);
        __visitor(&self.ids);
        __visitor(&self.by_option);
    }
}
impl ::core::fmt::Debug for Online {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Online");
        ::core::fmt::DebugStruct::field(&mut __debug, "users", &self.users);
        ::core::fmt::DebugStruct::field(&mut __debug, "names", &self.names);
        ::core::fmt::DebugStruct::field(&mut __debug, "ids", &self.ids);
        ::core::fmt::DebugStruct::field(&mut __debug, "by_option", &self.by_option);
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}
impl ::core::default::Default for Online {
    fn default() -> Self {
        Self::new()
    }
}
