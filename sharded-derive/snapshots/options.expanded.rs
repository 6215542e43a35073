pub struct Options {
    inherits: <HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsInherits,
        ::sharded::hasher::SipHash,
    >,
    overrides: <HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsOverrides,
        ::sharded::hasher::SipHash,
    >,
    undoes: <HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsUndoes,
        ::sharded::hasher::SipHash,
    >,
    copies: <HashMap<
        u32,
        f64,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsCopies,
        ::sharded::hasher::SipHash,
    >,
    loaded: <HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsLoaded,
        ::sharded::hasher::SipHash,
    >,
}
/// What `#[sharded]` generates for [`Options`](super::Options).
mod __sharded_Options {
    /// The policy of [`Options::inherits`](super::Options::inherits): 64 shards, each behind a `RwLock`; entries expire 5m after they were written, or up to 10% sooner, or 30s after they were last used; at most 1000000 entries, then `Lru` evicts; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    pub(super) enum OptionsInherits {}
    /// The policy of [`Options::overrides`](super::Options::overrides): one shard behind a `Mutex`; entries expire 1h 30m after they were written, or up to 10% sooner, or 250ms after they were last used; at most 1 entry, more are refused; hashed by `SipHash`; placed by `StrictSpread`.
    pub(super) enum OptionsOverrides {}
    /// The policy of [`Options::undoes`](super::Options::undoes): as many shards as suit the machine, each behind a `RwLock`; unbounded: one entry per listed instrument; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    pub(super) enum OptionsUndoes {}
    /// The policy of [`Options::copies`](super::Options::copies): 64 shards, each behind an `Optimistic`; entries expire 5m after they were written, or up to 10% sooner; at most 500 entries, then `Sieve` evicts; its memory is taken when the store is built; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    pub(super) enum OptionsCopies {}
    /// The policy of [`Options::loaded`](super::Options::loaded): 64 shards, each behind a `RwLock`; entries expire 5m after they were written, and are loaded again once they are 1m old; at most 1000000 entries, then `Lru` evicts; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    pub(super) enum OptionsLoaded {}
    /// Builds [`Options`](super::Options). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct OptionsBuilder {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) inherits: ::sharded::builder::FieldOptions<OptionsInherits>,
        pub(super) overrides: ::sharded::builder::FieldOptions<OptionsOverrides>,
        pub(super) undoes: ::sharded::builder::FieldOptions<OptionsUndoes>,
        pub(super) copies: ::sharded::builder::FieldOptions<OptionsCopies>,
        pub(super) loaded: ::sharded::builder::FieldOptions<OptionsLoaded>,
    }
}
pub use __sharded_Options::*;
impl ::sharded::Policy for __sharded_Options::OptionsInherits {
    type Shards = ::sharded::shards::Fixed<64>;
    type Lock = ::sharded::lock::RwLock;
    type Expiry = ::sharded::expiry::AfterAccess;
    type Eviction = ::sharded::evict::Lru;
    type Placement = ::sharded::placement::Local;
    type Clock = ::sharded::clock::Boot;
    const NAME: &'static ::core::primitive::str = "inherits";
    const STORE: &'static ::core::primitive::str = "Options";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(300),
    );
    const TTL_JITTER: ::core::primitive::u8 = 10;
    const IDLE: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(30),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        1_000_000,
    );
}
impl ::sharded::Policy for __sharded_Options::OptionsOverrides {
    type Shards = ::sharded::shards::Fixed<1>;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterAccess;
    type Eviction = ::sharded::evict::Reject;
    type Placement = ::sharded::placement::StrictSpread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "overrides";
    const STORE: &'static ::core::primitive::str = "Options";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(5400),
    );
    const TTL_JITTER: ::core::primitive::u8 = 10;
    const IDLE: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_millis(250),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        1,
    );
}
impl ::sharded::Policy for __sharded_Options::OptionsUndoes {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::RwLock;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Local;
    type Clock = ::sharded::clock::Boot;
    const NAME: &'static ::core::primitive::str = "undoes";
    const STORE: &'static ::core::primitive::str = "Options";
}
impl ::sharded::Policy for __sharded_Options::OptionsCopies {
    type Shards = ::sharded::shards::Fixed<64>;
    type Lock = ::sharded::lock::Optimistic;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Sieve;
    type Placement = ::sharded::placement::Local;
    type Clock = ::sharded::clock::Boot;
    const NAME: &'static ::core::primitive::str = "copies";
    const STORE: &'static ::core::primitive::str = "Options";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(300),
    );
    const TTL_JITTER: ::core::primitive::u8 = 10;
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        500,
    );
    const PREALLOCATE: ::core::primitive::bool = true;
}
impl ::sharded::Policy for __sharded_Options::OptionsLoaded {
    type Shards = ::sharded::shards::Fixed<64>;
    type Lock = ::sharded::lock::RwLock;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Lru;
    type Placement = ::sharded::placement::Local;
    type Clock = ::sharded::clock::Boot;
    const NAME: &'static ::core::primitive::str = "loaded";
    const STORE: &'static ::core::primitive::str = "Options";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(300),
    );
    const REFRESH_AFTER: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        1_000_000,
    );
}
impl Options {
    /// **Policy:** 64 shards, each behind a `RwLock`; entries expire 5m after they were written, or up to 10% sooner, or 30s after they were last used; at most 1000000 entries, then `Lru` evicts; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    #[must_use]
    const fn inherits(
        &self,
    ) -> &<HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsInherits,
        ::sharded::hasher::SipHash,
    > {
        &self.inherits
    }
    /// **Policy:** one shard behind a `Mutex`; entries expire 1h 30m after they were written, or up to 10% sooner, or 250ms after they were last used; at most 1 entry, more are refused; hashed by `SipHash`; placed by `StrictSpread`.
    #[must_use]
    const fn overrides(
        &self,
    ) -> &<HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsOverrides,
        ::sharded::hasher::SipHash,
    > {
        &self.overrides
    }
    /// **Policy:** as many shards as suit the machine, each behind a `RwLock`; unbounded: one entry per listed instrument; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    #[must_use]
    const fn undoes(
        &self,
    ) -> &<HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsUndoes,
        ::sharded::hasher::SipHash,
    > {
        &self.undoes
    }
    /// **Policy:** 64 shards, each behind an `Optimistic`; entries expire 5m after they were written, or up to 10% sooner; at most 500 entries, then `Sieve` evicts; its memory is taken when the store is built; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    #[must_use]
    const fn copies(
        &self,
    ) -> &<HashMap<
        u32,
        f64,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsCopies,
        ::sharded::hasher::SipHash,
    > {
        &self.copies
    }
    /// **Policy:** 64 shards, each behind a `RwLock`; entries expire 5m after they were written, and are loaded again once they are 1m old; at most 1000000 entries, then `Lru` evicts; hashed by `SipHash`; placed by `Local`; timed by `Boot`.
    #[must_use]
    const fn loaded(
        &self,
    ) -> &<HashMap<
        u64,
        String,
    > as ::sharded::Declared>::FieldWith<
        __sharded_Options::OptionsLoaded,
        ::sharded::hasher::SipHash,
    > {
        &self.loaded
    }
}
impl Options {
    /// Builds the store as it was declared.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Options::OptionsBuilder {
        __sharded_Options::OptionsBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            inherits: ::sharded::builder::FieldOptions::new(),
            overrides: ::sharded::builder::FieldOptions::new(),
            undoes: ::sharded::builder::FieldOptions::new(),
            copies: ::sharded::builder::FieldOptions::new(),
            loaded: ::sharded::builder::FieldOptions::new(),
        }
    }
}
impl __sharded_Options::OptionsBuilder {
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
    /// Overrides what was declared for `inherits`.
    fn inherits(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Options::OptionsInherits>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Options::OptionsInherits>,
    ) -> Self {
        self.inherits = __options(self.inherits);
        self.__options = self.__options.note(&self.inherits);
        self
    }
    /// Overrides what was declared for `overrides`.
    fn overrides(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Options::OptionsOverrides>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Options::OptionsOverrides>,
    ) -> Self {
        self.overrides = __options(self.overrides);
        self.__options = self.__options.note(&self.overrides);
        self
    }
    /// Overrides what was declared for `undoes`.
    fn undoes(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Options::OptionsUndoes>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Options::OptionsUndoes>,
    ) -> Self {
        self.undoes = __options(self.undoes);
        self.__options = self.__options.note(&self.undoes);
        self
    }
    /// Overrides what was declared for `copies`.
    fn copies(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Options::OptionsCopies>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Options::OptionsCopies>,
    ) -> Self {
        self.copies = __options(self.copies);
        self.__options = self.__options.note(&self.copies);
        self
    }
    /// Overrides what was declared for `loaded`.
    fn loaded(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Options::OptionsLoaded>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Options::OptionsLoaded>,
    ) -> Self {
        self.loaded = __options(self.loaded);
        self.__options = self.__options.note(&self.loaded);
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
    pub fn build(self) -> Options {
        let __store = self.__options.start();
        Options {
            inherits: ::sharded::macro_support::build(&__store, 0, self.inherits),
            overrides: ::sharded::macro_support::build(&__store, 1, self.overrides),
            undoes: ::sharded::macro_support::build(&__store, 2, self.undoes),
            copies: ::sharded::macro_support::build(&__store, 3, self.copies),
            loaded: ::sharded::macro_support::build(&__store, 4, self.loaded),
        }
    }
}
impl ::sharded::Store for Options {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.inherits);
        __visitor(&self.overrides);
        __visitor(&self.undoes);
        __visitor(&self.copies);
        __visitor(&self.loaded);
    }
}
impl ::core::fmt::Debug for Options {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Options");
        ::core::fmt::DebugStruct::field(&mut __debug, "inherits", &self.inherits);
        ::core::fmt::DebugStruct::field(&mut __debug, "overrides", &self.overrides);
        ::core::fmt::DebugStruct::field(&mut __debug, "undoes", &self.undoes);
        ::core::fmt::DebugStruct::field(&mut __debug, "copies", &self.copies);
        ::core::fmt::DebugStruct::field(&mut __debug, "loaded", &self.loaded);
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}
impl ::core::default::Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
