pub struct Service {
    calls: <HashMap<
        IpAddr,
        u32,
    > as ::sharded::Declared>::Field<__sharded_Service::ServiceCalls>,
    /// What the operator set.
    pub config: Config,
    started: Instant,
}
/// What `#[sharded]` generates for [`Service`](super::Service).
mod __sharded_Service {
    /// The policy of [`Service::calls`](super::Service::calls): as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    pub enum ServiceCalls {}
    /// Builds [`Service`](super::Service). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct ServiceBuilder<
        __Config = ::sharded::builder::Missing,
        __Started = ::sharded::builder::Missing,
    > {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) calls: ::sharded::builder::FieldOptions<ServiceCalls>,
        pub(super) config: __Config,
        pub(super) started: __Started,
    }
}
pub use __sharded_Service::*;
impl ::sharded::Policy for __sharded_Service::ServiceCalls {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "calls";
    const STORE: &'static ::core::primitive::str = "Service";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(60),
    );
}
impl Service {
    /// **Policy:** as many shards as suit the machine, each behind a `Mutex`; entries expire 1m after they were written.
    #[must_use]
    pub const fn calls(
        &self,
    ) -> &<HashMap<
        IpAddr,
        u32,
    > as ::sharded::Declared>::Field<__sharded_Service::ServiceCalls> {
        &self.calls
    }
}
impl Service {
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Service::ServiceBuilder<
        ::sharded::builder::Missing,
        ::sharded::builder::Missing,
    > {
        __sharded_Service::ServiceBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            calls: ::sharded::builder::FieldOptions::new(),
            config: ::sharded::builder::Missing,
            started: ::sharded::builder::Missing,
        }
    }
}
impl<__Config, __Started> __sharded_Service::ServiceBuilder<__Config, __Started> {
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
    /// Overrides what was declared for `calls`.
    pub fn calls(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Service::ServiceCalls>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Service::ServiceCalls>,
    ) -> Self {
        self.calls = __options(self.calls);
        self.__options = self.__options.note(&self.calls);
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
    pub fn build(self) -> Service
    where
        __Config: ::sharded::builder::Supplied<Config>,
        __Started: ::sharded::builder::Supplied<Instant>,
    {
        let __store = self.__options.start();
        Service {
            calls: ::sharded::macro_support::build(&__store, 0, self.calls),
            config: ::sharded::builder::Supplied::value(self.config),
            started: ::sharded::builder::Supplied::value(self.started),
        }
    }
}
impl<__Config, __Started> __sharded_Service::ServiceBuilder<__Config, __Started> {
    /// Sets the value of the skipped field `config`.
    pub fn config(
        self,
        __config: Config,
    ) -> __sharded_Service::ServiceBuilder<
        ::sharded::builder::Given<Config>,
        __Started,
    > {
        __sharded_Service::ServiceBuilder {
            __options: self.__options,
            calls: self.calls,
            config: ::sharded::builder::Given(__config),
            started: self.started,
        }
    }
}
impl<__Config, __Started> __sharded_Service::ServiceBuilder<__Config, __Started> {
    /// Sets the value of the skipped field `started`.
    fn started(
        self,
        __started: Instant,
    ) -> __sharded_Service::ServiceBuilder<
        __Config,
        ::sharded::builder::Given<Instant>,
    > {
        __sharded_Service::ServiceBuilder {
            __options: self.__options,
            calls: self.calls,
            config: self.config,
            started: ::sharded::builder::Given(__started),
        }
    }
}
impl ::sharded::Store for Service {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.calls);
    }
}
impl ::core::fmt::Debug for Service {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Service");
        ::core::fmt::DebugStruct::field(&mut __debug, "calls", &self.calls);
        ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __debug)
    }
}
