struct Arena {
    players: <HashMap<
        u32,
        Player,
    > as ::sharded::Declared>::Field<__sharded_Arena::ArenaPlayers>,
    shots: <HashMap<
        u64,
        Shot,
    > as ::sharded::Declared>::Field<__sharded_Arena::ArenaShots>,
}
/// What `#[sharded]` generates for [`Arena`](super::Arena).
mod __sharded_Arena {
    /// The policy of [`Arena::players`](super::Arena::players): as many shards as suit the machine, each behind a `self::Fair`; at most 64MiB as weighed by `Player::bytes`, then `super::evict::Random<4>` evicts entries that `self::has_left` allows; timed by `crate::time::GameTime`.
    pub(super) enum ArenaPlayers {}
    /// The policy of [`Arena::shots`](super::Arena::shots): as many shards as suit the machine, each behind a `::spin::Ticket`; entries expire 10s after they were written; timed by `crate::time::GameTime`.
    pub(super) enum ArenaShots {}
    /// Builds [`Arena`](super::Arena). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub(super) struct ArenaBuilder {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) players: ::sharded::builder::FieldOptions<ArenaPlayers>,
        pub(super) shots: ::sharded::builder::FieldOptions<ArenaShots>,
    }
}
use __sharded_Arena::*;
impl ::sharded::Policy for __sharded_Arena::ArenaPlayers {
    type Shards = ::sharded::shards::Auto;
    type Lock = self::Fair;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = super::evict::Random<4>;
    type Placement = ::sharded::placement::Spread;
    type Clock = crate::time::GameTime;
    const NAME: &'static ::core::primitive::str = "players";
    const STORE: &'static ::core::primitive::str = "Arena";
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        67108864,
    );
    const WEIGHS: ::core::primitive::bool = true;
    const PINS: ::core::primitive::bool = true;
}
impl ::sharded::Policy for __sharded_Arena::ArenaShots {
    type Shards = ::sharded::shards::Auto;
    type Lock = ::spin::Ticket;
    type Expiry = ::sharded::expiry::AfterWrite;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = crate::time::GameTime;
    const NAME: &'static ::core::primitive::str = "shots";
    const STORE: &'static ::core::primitive::str = "Arena";
    const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(10),
    );
}
impl Arena {
    /// **Policy:** as many shards as suit the machine, each behind a `self::Fair`; at most 64MiB as weighed by `Player::bytes`, then `super::evict::Random<4>` evicts entries that `self::has_left` allows; timed by `crate::time::GameTime`.
    #[must_use]
    const fn players(
        &self,
    ) -> &<HashMap<
        u32,
        Player,
    > as ::sharded::Declared>::Field<__sharded_Arena::ArenaPlayers> {
        &self.players
    }
    /// **Policy:** as many shards as suit the machine, each behind a `::spin::Ticket`; entries expire 10s after they were written; timed by `crate::time::GameTime`.
    #[must_use]
    const fn shots(
        &self,
    ) -> &<HashMap<
        u64,
        Shot,
    > as ::sharded::Declared>::Field<__sharded_Arena::ArenaShots> {
        &self.shots
    }
}
impl Arena {
    /// Builds the store as it was declared.
    #[must_use]
    fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    fn builder() -> __sharded_Arena::ArenaBuilder {
        __sharded_Arena::ArenaBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            players: ::sharded::builder::FieldOptions::new(),
            shots: ::sharded::builder::FieldOptions::new(),
        }
    }
}
impl __sharded_Arena::ArenaBuilder {
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
    /// Overrides what was declared for `players`.
    fn players(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Arena::ArenaPlayers>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Arena::ArenaPlayers>,
    ) -> Self {
        self.players = __options(self.players);
        self.__options = self.__options.note(&self.players);
        self
    }
    /// Overrides what was declared for `shots`.
    fn shots(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Arena::ArenaShots>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Arena::ArenaShots>,
    ) -> Self {
        self.shots = __options(self.shots);
        self.__options = self.__options.note(&self.shots);
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
    fn build(self) -> Arena {
        let __store = self.__options.start();
        Arena {
            players: ::sharded::macro_support::build(
                &__store,
                0,
                ::sharded::macro_support::pin::<
                    <HashMap<
                        u32,
                        Player,
                    > as ::sharded::Declared>::Field<__sharded_Arena::ArenaPlayers>,
                >(
                    ::sharded::macro_support::weigh::<
                        <HashMap<
                            u32,
                            Player,
                        > as ::sharded::Declared>::Field<__sharded_Arena::ArenaPlayers>,
                    >(self.players, Player::bytes),
                    self::has_left,
                ),
            ),
            shots: ::sharded::macro_support::build(&__store, 1, self.shots),
        }
    }
}
impl ::sharded::Store for Arena {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.players);
        __visitor(&self.shots);
    }
}
impl ::core::fmt::Debug for Arena {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Arena");
        ::core::fmt::DebugStruct::field(&mut __debug, "players", &self.players);
        ::core::fmt::DebugStruct::field(&mut __debug, "shots", &self.shots);
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}
impl ::core::default::Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}
