pub struct Directory<I: ::sharded::Key + Clone + Sync> {
    people: <HashMap<
        I,
        String,
    > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
    by_name: ::sharded::macro_support::IndexOf<
        HashMap<String, I>,
        <HashMap<
            I,
            String,
        > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
        __sharded_Directory::DirectoryByName,
        <HashMap<String, I> as ::sharded::Declared>::Hasher,
    >,
    #[cfg(test)]
    by_initial: ::sharded::macro_support::Last<
        ::sharded::macro_support::IndexOf<
            HashMap<char, HashSet<I>>,
            <HashMap<
                I,
                String,
            > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
            __sharded_Directory::DirectoryByInitial,
            <HashMap<char, HashSet<I>> as ::sharded::Declared>::Hasher,
        >,
    >,
}
/// What `#[sharded]` generates for [`Directory`](super::Directory).
mod __sharded_Directory {
    /// The policy of [`Directory::people`](super::Directory::people): 4 shards, each behind a `Mutex`; entries expire 30m after they were last used; at most 1000 as weighed by `Directory::<I>::length_of`, then `Adaptive` evicts.
    pub enum DirectoryPeople {}
    /// The policy of [`Directory::by_name`](super::Directory::by_name): an index of `people` by `Directory::<I>::name_of`; 16 shards, each behind a `RwLock`.
    pub enum DirectoryByName {}
    #[cfg(test)]
    /// The policy of [`Directory::by_initial`](super::Directory::by_initial): an index of `people` by `Directory::<I>::initial_of`; 4 shards, each behind a `Mutex`.
    pub(crate) enum DirectoryByInitial {}
    /// Builds [`Directory`](super::Directory). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub struct DirectoryBuilder<__Self> {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) people: ::sharded::builder::FieldOptions<DirectoryPeople>,
        pub(super) by_name: ::sharded::builder::FieldOptions<DirectoryByName>,
        #[cfg(test)]
        pub(super) by_initial: ::sharded::builder::FieldOptions<DirectoryByInitial>,
        pub(super) __store: ::core::marker::PhantomData<fn() -> __Self>,
    }
}
pub use __sharded_Directory::*;
impl ::sharded::Policy for __sharded_Directory::DirectoryPeople {
    type Shards = ::sharded::shards::Fixed<4>;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::AfterAccess;
    type Eviction = ::sharded::evict::Adaptive;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "people";
    const STORE: &'static ::core::primitive::str = "Directory";
    const IDLE: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
        ::core::time::Duration::from_secs(1800),
    );
    const CAPACITY: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        1_000,
    );
    const WEIGHS: ::core::primitive::bool = true;
    const INDEXED: ::core::primitive::bool = true;
}
impl ::sharded::Policy for __sharded_Directory::DirectoryByName {
    type Shards = ::sharded::shards::Fixed<16>;
    type Lock = ::sharded::lock::RwLock;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "by_name";
    const STORE: &'static ::core::primitive::str = "Directory";
    const DESCRIPTION: &'static ::core::primitive::str = "At most one person of each name.";
}
#[cfg(test)]
impl ::sharded::Policy for __sharded_Directory::DirectoryByInitial {
    type Shards = ::sharded::shards::Fixed<4>;
    type Lock = ::sharded::lock::Mutex;
    type Expiry = ::sharded::expiry::Never;
    type Eviction = ::sharded::evict::Unbounded;
    type Placement = ::sharded::placement::Spread;
    type Clock = ::sharded::clock::System;
    const NAME: &'static ::core::primitive::str = "by_initial";
    const STORE: &'static ::core::primitive::str = "Directory";
}
impl<I: ::sharded::Key + Clone + Sync> Directory<I> {
    /// **Policy:** 4 shards, each behind a `Mutex`; entries expire 30m after they were last used; at most 1000 as weighed by `Directory::<I>::length_of`, then `Adaptive` evicts.
    #[must_use]
    pub const fn people(
        &self,
    ) -> &<HashMap<
        I,
        String,
    > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople> {
        &self.people
    }
    /// At most one person of each name.
    ///
    /// **Policy:** an index of `people` by `Directory::<I>::name_of`; 16 shards, each behind a `RwLock`.
    #[must_use]
    pub const fn by_name(
        &self,
    ) -> &::sharded::macro_support::IndexOf<
        HashMap<String, I>,
        <HashMap<
            I,
            String,
        > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
        __sharded_Directory::DirectoryByName,
        <HashMap<String, I> as ::sharded::Declared>::Hasher,
    > {
        &self.by_name
    }
    #[cfg(test)]
    /// **Policy:** an index of `people` by `Directory::<I>::initial_of`; 4 shards, each behind a `Mutex`.
    #[must_use]
    pub(crate) const fn by_initial(
        &self,
    ) -> &::sharded::macro_support::IndexOf<
        HashMap<char, HashSet<I>>,
        <HashMap<
            I,
            String,
        > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
        __sharded_Directory::DirectoryByInitial,
        <HashMap<char, HashSet<I>> as ::sharded::Declared>::Hasher,
    > {
        &self.by_initial.map
    }
}
impl<I: ::sharded::Key + Clone + Sync> Directory<I> {
    /// Builds the store as it was declared.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    pub fn builder() -> __sharded_Directory::DirectoryBuilder<Directory<I>> {
        __sharded_Directory::DirectoryBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            people: ::sharded::builder::FieldOptions::new(),
            by_name: ::sharded::builder::FieldOptions::new(),
            #[cfg(test)]
            by_initial: ::sharded::builder::FieldOptions::new(),
            __store: ::core::marker::PhantomData,
        }
    }
}
impl<
    I: ::sharded::Key + Clone + Sync,
> __sharded_Directory::DirectoryBuilder<Directory<I>> {
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
    /// Overrides what was declared for `people`.
    pub fn people(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Directory::DirectoryPeople>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Directory::DirectoryPeople>,
    ) -> Self {
        self.people = __options(self.people);
        self.__options = self.__options.note(&self.people);
        self
    }
    /// Overrides what was declared for `by_name`.
    pub fn by_name(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Directory::DirectoryByName>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Directory::DirectoryByName>,
    ) -> Self {
        self.by_name = __options(self.by_name);
        self.__options = self.__options.note(&self.by_name);
        self
    }
    /// Overrides what was declared for `by_initial`.
    #[cfg(test)]
    pub(crate) fn by_initial(
        mut self,
        __options: impl ::core::ops::FnOnce(
            ::sharded::builder::FieldOptions<__sharded_Directory::DirectoryByInitial>,
        ) -> ::sharded::builder::FieldOptions<__sharded_Directory::DirectoryByInitial>,
    ) -> Self {
        self.by_initial = __options(self.by_initial);
        self.__options = self.__options.note(&self.by_initial);
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
    pub fn build(self) -> Directory<I> {
        let __store = self.__options.start();
        let __index_by_name = ::sharded::macro_support::begin_index::<
            ::sharded::macro_support::IndexOf<
                HashMap<String, I>,
                <HashMap<
                    I,
                    String,
                > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
                __sharded_Directory::DirectoryByName,
                <HashMap<String, I> as ::sharded::Declared>::Hasher,
            >,
            _,
        >(&__store, 1, self.by_name, Directory::<I>::name_of);
        #[cfg(test)]
        let __index_by_initial = ::sharded::macro_support::begin_index::<
            ::sharded::macro_support::IndexOf<
                HashMap<char, HashSet<I>>,
                <HashMap<
                    I,
                    String,
                > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
                __sharded_Directory::DirectoryByInitial,
                <HashMap<char, HashSet<I>> as ::sharded::Declared>::Hasher,
            >,
            _,
        >(&__store, 2, self.by_initial, Directory::<I>::initial_of);
        let __options_people = ::sharded::macro_support::weigh::<
            <HashMap<
                I,
                String,
            > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
        >(self.people, Directory::<I>::length_of);
        let __options_people = ::sharded::macro_support::add_index::<
            ::sharded::macro_support::IndexOf<
                HashMap<String, I>,
                <HashMap<
                    I,
                    String,
                > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
                __sharded_Directory::DirectoryByName,
                <HashMap<String, I> as ::sharded::Declared>::Hasher,
            >,
        >(__options_people, &__index_by_name);
        #[cfg(test)]
        let __options_people = ::sharded::macro_support::add_index::<
            ::sharded::macro_support::IndexOf<
                HashMap<char, HashSet<I>>,
                <HashMap<
                    I,
                    String,
                > as ::sharded::Declared>::Field<__sharded_Directory::DirectoryPeople>,
                __sharded_Directory::DirectoryByInitial,
                <HashMap<char, HashSet<I>> as ::sharded::Declared>::Hasher,
            >,
        >(__options_people, &__index_by_initial);
        let __map_people = ::sharded::macro_support::build(
            &__store,
            0,
            __options_people,
        );
        Directory {
            by_name: ::sharded::macro_support::finish_index::<
                ::sharded::macro_support::IndexOf<
                    HashMap<String, I>,
                    <HashMap<
                        I,
                        String,
                    > as ::sharded::Declared>::Field<
                        __sharded_Directory::DirectoryPeople,
                    >,
                    __sharded_Directory::DirectoryByName,
                    <HashMap<String, I> as ::sharded::Declared>::Hasher,
                >,
            >(__index_by_name, &__map_people),
            #[cfg(test)]
            by_initial: ::sharded::macro_support::Last {
                map: ::sharded::macro_support::finish_index::<
                    ::sharded::macro_support::IndexOf<
                        HashMap<char, HashSet<I>>,
                        <HashMap<
                            I,
                            String,
                        > as ::sharded::Declared>::Field<
                            __sharded_Directory::DirectoryPeople,
                        >,
                        __sharded_Directory::DirectoryByInitial,
                        <HashMap<char, HashSet<I>> as ::sharded::Declared>::Hasher,
                    >,
                >(__index_by_initial, &__map_people),
                end: (),
            },
            people: __map_people,
        }
    }
}
impl<I: ::sharded::Key + Clone + Sync> ::sharded::Store for Directory<I> {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.people);
        __visitor(&self.by_name);
        #[cfg(test)] __visitor(&self.by_initial.map);
    }
}
impl<I: ::sharded::Key + Clone + Sync> ::core::fmt::Debug for Directory<I> {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Directory");
        ::core::fmt::DebugStruct::field(&mut __debug, "people", &self.people);
        ::core::fmt::DebugStruct::field(&mut __debug, "by_name", &self.by_name);
        #[cfg(test)]
        ::core::fmt::DebugStruct::field(
            &mut __debug,
            "by_initial",
            &self.by_initial.map,
        );
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}
impl<I: ::sharded::Key + Clone + Sync> ::core::default::Default for Directory<I> {
    fn default() -> Self {
        Self::new()
    }
}
