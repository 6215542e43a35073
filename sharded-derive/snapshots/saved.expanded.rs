struct Saved<K: ::sharded::Key + ::sharded::snapshot::Saved> {
    names: <HashMap<
        K,
        String,
    > as ::sharded::Declared>::Field<__sharded_Saved::SavedNames>,
    #[cfg(feature = "online")]
    online: <HashSet<K> as ::sharded::Declared>::Field<__sharded_Saved::SavedOnline>,
    other: u8,
}
/// What `#[sharded]` generates for [`Saved`](super::Saved).
mod __sharded_Saved {
    /// The policy of [`Saved::names`](super::Saved::names): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub(super) enum SavedNames {}
    #[cfg(feature = "online")]
    /// The policy of [`Saved::online`](super::Saved::online): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub(super) enum SavedOnline {}
    /// Builds [`Saved`](super::Saved). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub(super) struct SavedBuilder<__Self, __Other = ::sharded::builder::Missing> {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) names: ::sharded::builder::FieldOptions<SavedNames>,
        #[cfg(feature = "online")]
        pub(super) online: ::sharded::builder::FieldOptions<SavedOnline>,
        pub(super) other: __Other,
        pub(super) __store: ::core::marker::PhantomData<fn() -> __Self>,
    }
}
use __sharded_Saved::*;
impl ::sharded::Policy for __sharded_Saved::SavedNames {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "names";
    const STORE: &'static ::core::primitive::str = "Saved";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
    const RECORDS: ::core::primitive::bool = true;
}
#[cfg(feature = "online")]
impl ::sharded::Policy for __sharded_Saved::SavedOnline {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "online";
    const STORE: &'static ::core::primitive::str = "Saved";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
    const RECORDS: ::core::primitive::bool = true;
}
impl<K: ::sharded::Key + ::sharded::snapshot::Saved> Saved<K> {
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    const fn names(
        &self,
    ) -> &<HashMap<
        K,
        String,
    > as ::sharded::Declared>::Field<__sharded_Saved::SavedNames> {
        &self.names
    }
    #[cfg(feature = "online")]
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    const fn online(
        &self,
    ) -> &<HashSet<K> as ::sharded::Declared>::Field<__sharded_Saved::SavedOnline> {
        &self.online
    }
}
impl<K: ::sharded::Key + ::sharded::snapshot::Saved> Saved<K> {
    /// Returns a builder, whose methods override what was declared.
    fn builder() -> __sharded_Saved::SavedBuilder<
        Saved<K>,
        ::sharded::builder::Missing,
    > {
        __sharded_Saved::SavedBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            names: ::sharded::builder::FieldOptions::new(),
            #[cfg(feature = "online")]
            online: ::sharded::builder::FieldOptions::new(),
            other: ::sharded::builder::Missing,
            __store: ::core::marker::PhantomData,
        }
    }
}
impl<
    K: ::sharded::Key + ::sharded::snapshot::Saved,
    __Other,
> __sharded_Saved::SavedBuilder<Saved<K>, __Other> {
    /// Uses this manual clock in place of every declared clock.
    fn clock(mut self, __clock: ::sharded::clock::Manual) -> Self {
        self.__options = self.__options.clock(__clock);
        self
    }
    /// Gives every map this many shards in place of the declared number. A map's own override comes first. It is
    /// a power of two, at most 65536. Otherwise the store is not built.
    fn shards(mut self, __shards: ::core::primitive::usize) -> Self {
        self.__options = self.__options.shards(__shards);
        self
    }
    /// Leaves expired entries to writes and to `sweep()`: no background thread removes them.
    fn sweep_by_hand(mut self) -> Self {
        self.__options = self.__options.sweep_by_hand();
        self
    }
    /// Places shards as on a machine with this topology, in place of the present one.
    fn topology(mut self, __topology: ::sharded::topology::Topology) -> Self {
        self.__options = self.__options.topology(__topology);
        self
    }
    /// Overrides what was declared for `names`.
    fn names(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Saved::SavedNames>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Saved::SavedNames>,
    ) -> Self {
        self.names = __options(self.names);
        self.__options = self.__options.note(&self.names);
        self
    }
    /// Overrides what was declared for `online`.
    #[cfg(feature = "online")]
    fn online(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Saved::SavedOnline>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Saved::SavedOnline>,
    ) -> Self {
        self.online = __options(self.online);
        self.__options = self.__options.note(&self.online);
        self
    }
    /// Checks the overrides that were given so far, where they are not known to be right.
    ///
    /// # Errors
    ///
    /// The first one with a value that no map can be built with, such as a ttl of zero.
    fn checked(self) -> ::core::result::Result<Self, ::sharded::builder::BuildError> {
        ::sharded::macro_support::checked(self.__options.mistake(), self)
    }
    /// Builds the store.
    ///
    /// # Panics
    ///
    /// If an option has a value that no map can be built with, such as a ttl of zero.
    #[must_use]
    #[track_caller]
    fn build(self) -> Saved<K>
    where
        __Other: ::sharded::builder::Supplied<u8>,
    {
        let __store = self.__options.start();
        Saved {
            names: ::sharded::macro_support::build(&__store, 0, self.names),
            #[cfg(feature = "online")]
            online: ::sharded::macro_support::build(&__store, 1, self.online),
            other: ::sharded::builder::Supplied::value(self.other),
        }
    }
}
impl<
    K: ::sharded::Key + ::sharded::snapshot::Saved,
    __Other,
> __sharded_Saved::SavedBuilder<Saved<K>, __Other> {
    /// Sets the value of the skipped field `other`.
    fn other(
        self,
        __other: u8,
    ) -> __sharded_Saved::SavedBuilder<Saved<K>, ::sharded::builder::Given<u8>> {
        __sharded_Saved::SavedBuilder {
            __options: self.__options,
            names: self.names,
            #[cfg(feature = "online")]
            online: self.online,
            other: ::sharded::builder::Given(__other),
            __store: self.__store,
        }
    }
}
impl<K: ::sharded::Key + ::sharded::snapshot::Saved> ::sharded::Store for Saved<K> {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.names);
        #[cfg(feature = "online")] __visitor(&self.online);
    }
}
impl<K: ::sharded::Key + ::sharded::snapshot::Saved> ::sharded::snapshot::Snapshot
for Saved<K> {
    fn visit_saved(
        &self,
        __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::snapshot::SavedField),
    ) {
        __visitor(::sharded::macro_support::saved(&self.names));
        #[cfg(feature = "online")]
        __visitor(::sharded::macro_support::saved(&self.online));
    }
}
impl<K: ::sharded::Key + ::sharded::snapshot::Saved> ::core::fmt::Debug for Saved<K> {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Saved");
        ::core::fmt::DebugStruct::field(&mut __debug, "names", &self.names);
        #[cfg(feature = "online")]
        ::core::fmt::DebugStruct::field(&mut __debug, "online", &self.online);
        ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __debug)
    }
}
