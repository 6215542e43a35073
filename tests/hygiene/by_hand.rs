//! The expansion is text that a user could have written: the snapshots of the macro, as plain code.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    non_snake_case,
    clippy::duration_suboptimal_units,
    clippy::type_complexity,
    clippy::missing_fields_in_debug
)]

use std::collections::{HashMap, HashSet};

mod hello {
    use super::*;
    include!("../../sharded-derive/snapshots/hello.expanded.rs");
}

mod options {
    use super::*;
    include!("../../sharded-derive/snapshots/options.expanded.rs");
}

mod generics {
    use super::*;
    use sharded::{Key, Value};
    include!("../../sharded-derive/snapshots/generics.expanded.rs");

    pub(super) fn childless() -> Cache<u8> {
        Cache::builder().parents(Vec::new()).rows(|rows| rows.capacity(2)).build()
    }
}

mod skipped {
    use super::*;
    use std::{net::IpAddr, time::Instant};
    #[derive(Clone, Copy)]
    pub(super) struct Config(pub(super) u8);
    include!("../../sharded-derive/snapshots/skipped.expanded.rs");

    pub(super) fn built() -> Service {
        Service::builder().started(Instant::now()).config(Config(7)).build()
    }
}

mod sets_and_hashers {
    use super::*;
    use std::hash::{BuildHasherDefault, DefaultHasher as FxHasher};
    include!("../../sharded-derive/snapshots/sets_and_hashers.expanded.rs");
}

mod indexes {
    #![allow(clippy::ptr_arg, reason = "what the functions are given")]
    use super::*;
    include!("../../sharded-derive/snapshots/indexes.expanded.rs");

    impl<I: ::sharded::Key + Clone + Sync> Directory<I> {
        fn length_of(_: &I, name: &String) -> u32 {
            u32::try_from(name.len()).unwrap_or(u32::MAX)
        }
        fn name_of(_: &I, name: &String) -> Option<String> {
            (!name.is_empty()).then(|| name.clone())
        }
        fn initial_of(_: &I, name: &String) -> Option<char> {
            name.chars().next()
        }
    }
}

#[test]
fn what_the_macro_writes_is_ordinary_code() {
    let hello = hello::Hello::new();
    hello.visits().upsert("ada".to_owned(), || 1, |visits| *visits += 1);
    assert_eq!((hello.visits().get("ada"), hello.visits().shard_count()), (Some(1), 16));

    let options = options::Options::builder().shards(2).build();
    assert!(format!("{options:?}").contains("overrides"));

    let cache = generics::childless();
    cache.rows().insert(1, [const { String::new() }; 4]);
    assert_eq!(cache.rows().capacity(), Some(2));

    assert_eq!(skipped::built().config.0, 7);
    let directory = indexes::Directory::<u8>::new();
    directory.people().insert(1, "ada".to_owned());
    assert_eq!((directory.by_name().key("ada"), directory.by_initial().keys(&'a')), (Some(1), vec![1]));
    assert!(sets_and_hashers::Online::default().users().insert(1));
}

/// Every trait that users implement, with only the items that have no default. If one of them asks for more, this does
/// not compile, and neither does what users have written.
mod least {
    use sharded::{
        Policy, ShardedMap,
        clock::Clock,
        evict::{Bounded, Eviction, MakesRoom},
        expiry,
        lock::{Cell, Lock, Serves},
        placement::{Placement, Site},
        shards::ShardCount,
        topology::NodeId,
    };
    use std::sync::{RwLock, TryLockError};

    struct Two;
    impl ShardCount for Two {
        fn count() -> usize {
            2
        }
    }

    struct Plain;
    struct PlainCell<T>(RwLock<T>);
    impl Lock for Plain {
        const SHARED_READS: bool = true;
        type Cell<T> = PlainCell<T>;
    }
    impl<K: Send + Sync, V: Send + Sync> Serves<K, V> for Plain {}
    impl<T> Cell<T> for PlainCell<T> {
        fn new(value: T) -> Self {
            PlainCell(RwLock::new(value))
        }
        fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
            read(&self.0.read().unwrap())
        }
        fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
            write(&mut self.0.write().unwrap())
        }
        fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
            match self.0.try_write() {
                Ok(mut value) => Some(write(&mut value)),
                Err(TryLockError::WouldBlock) => None,
                Err(TryLockError::Poisoned(_)) => unreachable!("nothing panics here"),
            }
        }
    }

    /// First in, first out.
    #[derive(Default)]
    struct Oldest(Vec<u32>);
    impl Eviction for Oldest {
        fn inserted(&mut self, slot: u32) {
            self.0.push(slot);
        }
        fn removed(&mut self, slot: u32) {
            self.0.retain(|&other| other != slot);
        }
        fn moved(&mut self, from: u32, to: u32) {
            self.0.iter_mut().filter(|slot| **slot == from).for_each(|slot| *slot = to);
        }
        fn victim(&mut self) -> Option<u32> {
            self.0.first().copied()
        }
    }
    impl Bounded for Oldest {}
    impl MakesRoom for Oldest {}

    struct Anywhere;
    impl Placement for Anywhere {
        fn node(_: usize, _: usize, _: &Site) -> Option<NodeId> {
            None
        }
    }

    #[derive(Default)]
    struct Still;
    impl Clock for Still {
        const RUNS: bool = false;
        fn nanos(&self) -> u64 {
            0
        }
    }

    /// Own choices, and nothing that has a default.
    enum Own {}
    impl Policy for Own {
        type Shards = Two;
        type Lock = Plain;
        type Expiry = expiry::AfterWrite;
        type Eviction = Oldest;
        type Placement = Anywhere;
        type Clock = Still;
        const NAME: &'static str = "own";
    }

    /// As [`Own`], with a capacity.
    enum Bound {}
    impl Policy for Bound {
        type Shards = Two;
        type Lock = Plain;
        type Expiry = expiry::Never;
        type Eviction = Oldest;
        type Placement = Anywhere;
        type Clock = Still;
        const NAME: &'static str = "bound";
        const CAPACITY: Option<usize> = Some(100);
    }

    #[test]
    fn a_policy_needs_only_what_has_no_default() {
        let map: ShardedMap<u32, String, Own> = ShardedMap::new();
        map.insert(1, "one".to_owned());
        assert_eq!((map.get(&1).as_deref(), map.shard_count(), map.capacity()), (Some("one"), 2, None));
        assert_eq!(map.node_of(&1), None);

        let map: ShardedMap<u32, u32, Bound> = (0..1000).map(|key| (key, key)).collect();
        assert_eq!(map.len(), 100);
        assert!(map.contains_key(&999) && !map.contains_key(&0));
    }
}
