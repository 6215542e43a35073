//! Traits and macros of the user, and the positions in which a struct may be declared.
#![allow(dead_code, clippy::trivially_copy_pass_by_ref)]

use sharded::sharded;
use std::collections::{HashMap, HashSet};

/// Traits in scope for every type, with methods that the expansion calls of its own types.
mod traits {
    use super::*;

    trait Everything: Sized {
        fn start(self) {}
        fn clock(self, _: u8) {}
        fn shards(self, _: u8) {}
        fn sweep_by_hand(self) {}
        fn debug_struct(self, _: u8) {}
        fn field(self, _: u8, _: u8) {}
        fn finish(self) {}
        fn finish_non_exhaustive(self) {}
        fn build(self) {}
        fn value(self) {}
        fn visit(self) {}
        fn begin(self) {}
        fn add_to(self) {}
        fn into_index_key(self) {}
        fn row(self) {}
        fn transact(self) {}
        fn observe(self) {}
        fn builder() {}
        #[allow(clippy::new_ret_no_self, reason = "it is there for its name")]
        fn new() {}
    }
    impl<T> Everything for T {}

    #[sharded(ttl = "1m")]
    pub(super) struct Traits {
        pub(super) map: HashMap<u8, u8>,
        #[shard(skip)]
        pub(super) skipped: u8,
    }

    #[sharded(ttl = "1m")]
    pub(super) struct Complete {
        pub(super) map: HashMap<u8, u8>,
        #[shard(index_of = map, key = value_of)]
        pub(super) by_value: HashMap<u8, u8>,
        #[shard(index_of = map, key = value_of)]
        pub(super) all_by_value: HashMap<u8, HashSet<u8>>,
    }

    fn value_of(_: &u8, value: &u8) -> u8 {
        *value
    }
}

#[test]
fn traits_with_the_same_methods() {
    let traits = traits::Traits::builder().skipped(7).sweep_by_hand().build();
    traits.map().insert(1, 1);
    assert!(format!("{traits:?}").contains("map"));
    let complete = traits::Complete::new();
    assert!(complete.map().is_empty());
    let rows = [complete.map().row(&1), complete.map().row(&2)];
    let inserted = sharded::transaction(rows, |rows| {
        rows[0].insert(7);
        Ok::<_, ()>(())
    });
    assert_eq!(inserted, Ok(()));
    assert_eq!(sharded::observe(rows, |rows| rows.map(|row| row.get().copied())), [Some(7), None]);
    assert_eq!((complete.by_value().key(&7), complete.all_by_value().keys(&7)), (Some(1), vec![1]));
    assert!(format!("{:?}", traits::Complete::default()).contains("map"));
}

/// Macros of the user's with the names of std's.
mod macros {
    #![allow(unused_macros)]
    use super::*;

    macro_rules! everything {
        ($($name:ident)*) => { $(macro_rules! $name { () => { compile_error!("not this one") }; })* };
    }
    everything!(assert panic unreachable matches format write concat stringify vec);

    #[sharded(ttl = "1m", capacity = 100)]
    pub(super) struct Macros {
        pub(super) map: HashMap<u8, u8>,
    }

    #[sharded(ttl = "1m")]
    pub(super) struct Indexed {
        pub(super) map: HashMap<u8, u8>,
        #[shard(index_of = map, key = value_of)]
        pub(super) by_value: HashMap<u8, u8>,
    }

    fn value_of(_: &u8, value: &u8) -> Option<u8> {
        (*value > 0).then_some(*value)
    }
}

#[test]
fn macros_of_any_name() {
    assert_eq!(macros::Macros::new().map().capacity(), Some(100));
    assert!(macros::Indexed::new().by_value().is_empty());
}

mod places {
    use super::*;

    fn one() -> usize {
        #[sharded(shards = 1, ttl = "1m")]
        struct Local {
            map: HashMap<u8, u8>,
        }
        Local::new().map().shard_count()
    }

    fn other() -> usize {
        struct Key;
        #[derive(PartialEq, Eq, Hash)]
        struct Inner(u8);
        #[sharded(shards = 2, ttl = "1m")]
        struct Local {
            map: HashSet<Inner>,
            #[shard(skip)]
            key: Key,
        }
        let local = Local::builder().key(Key).build();
        let Key = local.key;
        local.map().shard_count()
    }

    #[test]
    fn functions_each_with_a_store_of_the_same_name() {
        assert_eq!((one(), other()), (1, 2));
    }

    trait Make {
        fn make() -> usize;
    }

    impl<T> Make for T {
        fn make() -> usize {
            const COUNT: usize = {
                #[sharded(shards = 4, ttl = "1m")]
                struct InConstant {
                    map: HashMap<u8, u8>,
                }
                4
            };
            let closure = || {
                #[sharded(shards = 8, ttl = "1m")]
                struct InClosure {
                    map: HashMap<u8, u8>,
                }
                InClosure::new().map().shard_count()
            };
            COUNT + closure()
        }
    }

    #[test]
    fn a_method_a_constant_and_a_closure() {
        assert_eq!(<u8 as Make>::make(), 12);
    }

    /// The whole declaration passes through, token tree by token tree, and a second macro adds to it.
    macro_rules! through {
        ($($tokens:tt)*) => { $($tokens)* };
    }
    macro_rules! named {
        ($store:ident, $($field:ident: $key:ty => $value:ty [$($option:tt)*]),*) => {
            through! {
                #[sharded(ttl = "1m")]
                struct $store {
                    $(#[shard($($option)*)] $field: HashMap<$key, $value>,)*
                    added: HashSet<u8>,
                }
            }
        };
    }
    named!(Named, store: u8 => u8 [shards = 2], debug: &'static str => Vec<u8> [lock = RwLock, capacity = 10]);

    #[test]
    fn macros_in_macros() {
        let named = Named::new();
        named.debug().insert("key", vec![1]);
        assert_eq!((named.store().shard_count(), named.debug().capacity()), (2, Some(10)));
        assert!(named.added().insert(1));
    }

    /// The map and the function of an index come from different macros.
    macro_rules! indexed {
        ($store:ident, $map:ident, $index:ident, $key:path) => {
            through! {
                #[sharded(ttl = "1m")]
                struct $store {
                    $map: HashMap<u8, u8>,
                    #[shard(index_of = $map, key = $key)]
                    $index: HashMap<u8, HashSet<u8>>,
                }
            }
        };
    }
    fn halved(_: &u8, value: &u8) -> u8 {
        value / 2
    }
    indexed!(InMacros, map, options, halved);

    #[test]
    fn an_index_in_macros() {
        let store = InMacros::new();
        store.map().insert(1, 8);
        assert_eq!(store.options().keys(&4), [1]);
    }

    /// Names that a macro invents are its own: two expansions in one place don't collide.
    macro_rules! hidden {
        ($ttl:literal) => {{
            #[sharded(ttl = $ttl, shards = 1)]
            struct Hidden {
                map: HashMap<u8, u8>,
            }
            Hidden::new().map().len()
        }};
    }

    #[test]
    fn a_store_that_a_macro_names() {
        assert_eq!(hidden!("1m") + hidden!("2m"), 0);
    }
}

/// A user's trait for maps, with methods by the names that other libraries have.
mod extension {
    use sharded::{Policy, ShardedMap};

    pub(super) trait Extension {
        fn entry_count(&self) -> usize;
        fn view(&self, key: u8) -> Option<u8>;
        fn iter(self) -> std::vec::IntoIter<(u8, u8)>;
    }
    impl<P: Policy<Lock: sharded::lock::Serves<u8, u8>>> Extension for &ShardedMap<u8, u8, P> {
        fn entry_count(&self) -> usize {
            self.len()
        }
        fn view(&self, key: u8) -> Option<u8> {
            self.get(&key)
        }
        fn iter(self) -> std::vec::IntoIter<(u8, u8)> {
            self.to_vec().into_iter()
        }
    }

    pub(super) trait OnMaps {
        fn get_with(&self, key: u8, make: impl FnOnce() -> u8) -> u8;
        fn invalidate(&self, key: &u8);
    }
    impl<P> OnMaps for ShardedMap<u8, u8, P>
    where
        P: Policy<Lock: sharded::lock::Serves<u8, u8>, Eviction: sharded::evict::MakesRoom>,
    {
        fn get_with(&self, key: u8, make: impl FnOnce() -> u8) -> u8 {
            self.get_or_insert_with(key, make)
        }
        fn invalidate(&self, key: &u8) {
            self.remove(key);
        }
    }
}

/// The compiler prefers them to those of this library that only explain themselves.
#[test]
fn methods_of_a_user_by_names_of_other_libraries() {
    use extension::{Extension as _, OnMaps as _};

    let store = traits::Traits::builder().skipped(7).build();
    assert_eq!(store.map().get_with(1, || 2), 2);
    assert_eq!((store.map().entry_count(), store.map().view(1)), (1, Some(2)));
    assert_eq!(store.map().iter().collect::<Vec<_>>(), [(1, 2)]);
    store.map().invalidate(&1);
    assert_eq!(store.map().entry_count(), 0);
}
