/// A store of which not everything is always there.
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[expect(dead_code)]
#[non_exhaustive]
pub struct State {
    #[cfg(feature = "names")]
    names: <HashMap<
        u32,
        String,
    > as ::sharded::Declared>::Field<__sharded_State::StateNames>,
    #[cfg(not(feature = "names"))]
    names: <HashMap<u32, ()> as ::sharded::Declared>::Field<__sharded_State::StateNames>,
    #[allow(dead_code, reason = "for a debugger")]
    #[warn(missing_docs)]
    last: <HashMap<
        u32,
        String,
    > as ::sharded::Declared>::Field<__sharded_State::StateLast>,
    r#type: <HashMap<u32, u8> as ::sharded::Declared>::Field<__sharded_State::StateType>,
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
/// What `#[sharded]` generates for [`State`](super::State).
mod __sharded_State {
    #[cfg(feature = "names")]
    /// The policy of [`State::names`](super::State::names): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub enum StateNames {}
    #[cfg(not(feature = "names"))]
    /// The policy of [`State::names`](super::State::names): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written; at most 10 entries, then `Adaptive` evicts.
    pub enum StateNames {}
    #[allow(dead_code, reason = "for a debugger")]
    #[warn(missing_docs)]
    /// The policy of [`State::last`](super::State::last): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub(super) enum StateLast {}
    /// The policy of [`State::type`](super::State::type): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub(crate) enum StateType {}
    /// Builds [`State`](super::State). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct StateBuilder {
        pub(super) __options: ::sharded::builder::StoreOptions,
        #[cfg(feature = "names")]
        pub(super) names: ::sharded::builder::FieldOptions<StateNames>,
        #[cfg(not(feature = "names"))]
        pub(super) names: ::sharded::builder::FieldOptions<StateNames>,
        pub(super) last: ::sharded::builder::FieldOptions<StateLast>,
        pub(super) r#type: ::sharded::builder::FieldOptions<StateType>,
    }
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
pub use __sharded_State::*;
#[cfg(feature = "names")]
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::sharded::Policy for __sharded_State::StateNames {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "names";
    const STORE: &'static ::core::primitive::str = "State";
    const DESCRIPTION: &'static ::core::primitive::str = "Documented.";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
#[cfg(not(feature = "names"))]
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::sharded::Policy for __sharded_State::StateNames {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Adaptive;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "names";
    const STORE: &'static ::core::primitive::str = "State";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        10,
    );
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::sharded::Policy for __sharded_State::StateLast {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "last";
    const STORE: &'static ::core::primitive::str = "State";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::sharded::Policy for __sharded_State::StateType {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "type";
    const STORE: &'static ::core::primitive::str = "State";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl State {
    #[cfg(feature = "names")]
    /// Documented.
    ///
    /// In two paragraphs.
    ///
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    pub const fn names(
        &self,
    ) -> &<HashMap<
        u32,
        String,
    > as ::sharded::Declared>::Field<__sharded_State::StateNames> {
        &self.names
    }
    #[cfg(not(feature = "names"))]
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written; at most 10 entries, then `Adaptive` evicts.
    #[must_use]
    pub const fn names(
        &self,
    ) -> &<HashMap<u32, ()> as ::sharded::Declared>::Field<__sharded_State::StateNames> {
        &self.names
    }
    #[expect(dead_code, reason = "for a debugger")]
    #[warn(missing_docs)]
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    const fn last(
        &self,
    ) -> &<HashMap<
        u32,
        String,
    > as ::sharded::Declared>::Field<__sharded_State::StateLast> {
        &self.last
    }
    #[doc(hidden)]
    ///
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[deprecated(note = "use `names`")]
    #[must_use]
    pub(crate) const fn r#type(
        &self,
    ) -> &<HashMap<u32, u8> as ::sharded::Declared>::Field<__sharded_State::StateType> {
        &self.r#type
    }
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl State {
    /// Builds the store as it was declared.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_State::StateBuilder {
        __sharded_State::StateBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            #[cfg(feature = "names")]
            names: ::sharded::builder::FieldOptions::new(),
            #[cfg(not(feature = "names"))]
            names: ::sharded::builder::FieldOptions::new(),
            last: ::sharded::builder::FieldOptions::new(),
            r#type: ::sharded::builder::FieldOptions::new(),
        }
    }
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl __sharded_State::StateBuilder {
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
    /// Overrides what was declared for `names`.
    #[cfg(feature = "names")]
    pub fn names(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_State::StateNames>,
        ) -> ::sharded::builder::FieldOptions<__sharded_State::StateNames>,
    ) -> Self {
        self.names = __options(self.names);
        self.__options = self.__options.note(&self.names);
        self
    }
    /// Overrides what was declared for `names`.
    #[cfg(not(feature = "names"))]
    pub fn names(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_State::StateNames>,
        ) -> ::sharded::builder::FieldOptions<__sharded_State::StateNames>,
    ) -> Self {
        self.names = __options(self.names);
        self.__options = self.__options.note(&self.names);
        self
    }
    /// Overrides what was declared for `last`.
    #[allow(dead_code, reason = "for a debugger")]
    #[warn(missing_docs)]
    fn last(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_State::StateLast>,
        ) -> ::sharded::builder::FieldOptions<__sharded_State::StateLast>,
    ) -> Self {
        self.last = __options(self.last);
        self.__options = self.__options.note(&self.last);
        self
    }
    /// Overrides what was declared for `r#type`.
    #[deprecated(note = "use `names`")]
    pub(crate) fn r#type(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_State::StateType>,
        ) -> ::sharded::builder::FieldOptions<__sharded_State::StateType>,
    ) -> Self {
        self.r#type = __options(self.r#type);
        self.__options = self.__options.note(&self.r#type);
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
    pub fn build(self) -> State {
        let __store = self.__options.start();
        State {
            #[cfg(feature = "names")]
            names: ::sharded::macro_support::build(&__store, 0, self.names),
            #[cfg(not(feature = "names"))]
            names: ::sharded::macro_support::build(&__store, 1, self.names),
            last: ::sharded::macro_support::build(&__store, 2, self.last),
            r#type: ::sharded::macro_support::build(&__store, 3, self.r#type),
        }
    }
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::sharded::Store for State {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        #[cfg(feature = "names")] __visitor(&self.names);
        #[cfg(not(feature = "names"))] __visitor(&self.names);
        __visitor(&self.last);
        __visitor(&self.r#type);
    }
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::core::fmt::Debug for State {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("State");
        #[cfg(feature = "names")]
        ::core::fmt::DebugStruct::field(&mut __debug, "names", &self.names);
        #[cfg(not(feature = "names"))]
        ::core::fmt::DebugStruct::field(&mut __debug, "names", &self.names);
        ::core::fmt::DebugStruct::field(&mut __debug, "last", &self.last);
        ::core::fmt::DebugStruct::field(&mut __debug, "type", &self.r#type);
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[allow(dead_code)]
impl ::core::default::Default for State {
    fn default() -> Self {
        Self::new()
    }
}
