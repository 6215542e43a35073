//! `hello.rs` without the attribute: what `#[sharded]` writes in its place, each item explained. Nothing in here is
//! out of reach for a program's own code, and no logic is in it: that is all in the library.

#![expect(non_snake_case, reason = "the name of the module has that of the store in it")]
#![allow(unused_imports, reason = "the attribute imports for whoever wants to name these types")]
#![expect(dead_code, reason = "where an attribute writes a method, nobody need call it")]
#![expect(clippy::duration_suboptimal_units, reason = "the attribute writes every time in seconds")]

use std::collections::HashMap;

// The struct, with each map replaced. The compiler finds the map's type through a trait, so an alias or another path to
// `HashMap` does as well, and the import above stays in use. A field is private now: the way in is the accessor.
/// Who came by.
struct Hello {
    visits: <HashMap<String, u32> as ::sharded::Declared>::Field<__sharded_Hello::HelloVisits>,
}

// The types that are made for the store. They have a module of their own, from which a glob brings them here: a type of
// the same name that is declared or imported by name comes first, and is no error.
/// What `#[sharded]` generates for [`Hello`](super::Hello).
mod __sharded_Hello {
    /// The policy of [`Hello::visits`](super::Hello::visits): 16 shards, each behind a `Mutex`; entries expire 1h after they were written.
    pub(super) enum HelloVisits {}
    // What it can override of a field follows from the policy: `.visits(|field| field.capacity(100))` would not
    // compile, as no capacity was declared and so nothing is there that evicts.
    /// Builds [`Hello`](super::Hello). Its methods override what was declared.
    #[derive(::core::fmt::Debug)]
    #[must_use]
    pub(super) struct HelloBuilder {
        pub(super) __options: ::sharded::builder::StoreOptions,
        pub(super) visits: ::sharded::builder::FieldOptions<HelloVisits>,
    }
}
use __sharded_Hello::*;

// The field's options, and those it has from the struct, as one type. It has no values: each choice is made when the
// program is compiled, and a choice that is not made (a capacity here) costs nothing when it runs.
impl ::sharded::Policy for __sharded_Hello::HelloVisits {
    type Shards = ::sharded::shards::Fixed<16>; // shards = 16
    type Lock = ::sharded::lock::Mutex; // the default
    type Expiry = ::sharded::expiry::AfterWrite; // ttl = …
    type Eviction = ::sharded::evict::Unbounded; // no capacity
    type Placement = ::sharded::placement::Spread; // the default
    type Clock = ::sharded::clock::System; // the default
    const NAME: &'static ::core::primitive::str = "visits"; // for messages and statistics
    const STORE: &'static ::core::primitive::str = "Hello"; // likewise
    const DESCRIPTION: &'static ::core::primitive::str = "How often each visitor came within the hour."; // its docs
    const TTL: ::core::option::Option<::core::time::Duration> =
        ::core::option::Option::Some(::core::time::Duration::from_secs(3600)); // … "1h"
}

// The accessor, with the field's visibility and its docs, which end with the policy in words. It takes `&self`, as all
// methods of a map do: share a store as it is, in a static, an `Arc` or a scope.
impl Hello {
    /// How often each visitor came within the hour.
    ///
    /// **Policy:** 16 shards, each behind a `Mutex`; entries expire 1h after they were written.
    #[must_use]
    const fn visits(&self) -> &<HashMap<String, u32> as ::sharded::Declared>::Field<__sharded_Hello::HelloVisits> {
        &self.visits
    }
}

// `new` is there because every field is a map. With a field marked `#[shard(skip)]` only the builder can make a store,
// as it asks for the field's value.
impl Hello {
    /// Builds the store as it was declared.
    #[must_use]
    fn new() -> Self {
        Self::builder().build()
    }
    /// Returns a builder, whose methods override what was declared.
    fn builder() -> __sharded_Hello::HelloBuilder {
        __sharded_Hello::HelloBuilder {
            __options: ::sharded::builder::StoreOptions::new(),
            visits: ::sharded::builder::FieldOptions::new(),
        }
    }
}

// The builder's methods.
impl __sharded_Hello::HelloBuilder {
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
    /// Overrides what was declared for `visits`.
    fn visits(
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
    fn checked(self) -> ::core::result::Result<Self, ::sharded::builder::BuildError> {
        ::sharded::macro_support::checked(self.__options.mistake(), self)
    }
    // The names of variables begin with `__`, as the user's constants and statics do not: a pattern with such a name
    // would mean the constant. The number is the field's place in the order of declaration, in which a thread may enter
    // maps from inside each other's closures.
    /// Builds the store.
    ///
    /// # Panics
    ///
    /// If an option has a value that no map can be built with, such as a ttl of zero.
    #[must_use]
    #[track_caller]
    fn build(self) -> Hello {
        let __store = self.__options.start();
        Hello { visits: ::sharded::macro_support::build(&__store, 0, self.visits) }
    }
}

// All fields, whatever their types: for a page of statistics, or to sweep or clear the whole store.
impl ::sharded::Store for Hello {
    fn visit(&self, __visitor: &mut dyn ::core::ops::FnMut(&dyn ::sharded::Field)) {
        __visitor(&self.visits);
    }
}

// Shows how many entries there are, not what is in them: keys and values need not be `Debug`, and may be secret.
impl ::core::fmt::Debug for Hello {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut __debug = __formatter.debug_struct("Hello");
        ::core::fmt::DebugStruct::field(&mut __debug, "visits", &self.visits);
        ::core::fmt::DebugStruct::finish(&mut __debug)
    }
}

// Goes with `new`.
impl ::core::default::Default for Hello {
    fn default() -> Self {
        Self::new()
    }
}

// From here on as in `hello.rs`.
fn main() {
    let hello = Hello::new();
    for name in ["ada", "grace", "ada"] {
        hello.visits().upsert(name.to_owned(), || 1, |count| *count += 1);
    }
    hello.visits().for_each(|name, count| println!("{name} came {count} times"));
    assert_eq!(hello.visits().get("ada"), Some(2));
}
