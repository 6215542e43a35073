//! Names that are derived from the user's names clash neither with each other nor with other names of the user.
#![allow(dead_code, non_snake_case, clippy::trivially_copy_pass_by_ref, clippy::used_underscore_binding)]

use sharded::{Policy, sharded};
use std::collections::{HashMap, HashSet};

/// Names that differ in underscores, in digits and in the case of letters alone, each as a map and as a skipped field.
mod fields {
    use super::*;

    #[sharded(ttl = "1m")]
    pub(super) struct Maps {
        marker: HashMap<u8, u8>,
        _marker: HashMap<u8, u8>,
        marker_: HashMap<u8, u8>,
        __marker: HashMap<u8, u8>,
        retry1: HashMap<u8, u8>,
        retry_1: HashMap<u8, u8>,
        retry__1: HashMap<u8, u8>,
        by_day: HashMap<u8, u8>,
        by__day: HashMap<u8, u8>,
        byDay: HashMap<u8, u8>,
        ByDay: HashMap<u8, u8>,
        by_Day: HashMap<u8, u8>,
        __: HashMap<u8, u8>,
        ___: HashMap<u8, u8>,
        __options: HashMap<u8, u8>,
        __store: HashMap<u8, u8>,
    }

    #[sharded(ttl = "1m")]
    pub(super) struct Skipped<__Marker> {
        map: HashMap<u8, u8>,
        #[shard(skip)]
        marker: __Marker,
        #[shard(skip)]
        _marker: u8,
        #[shard(skip)]
        retry1: u8,
        #[shard(skip)]
        retry_1: u8,
        #[shard(skip)]
        __options: u8,
        #[shard(skip)]
        __store: u8,
        #[shard(skip)]
        store: u8,
    }

    #[test]
    fn stay_apart() {
        let maps = Maps::builder().retry_1(|field| field.shards(1)).retry1(|field| field.shards(2)).build();
        assert_eq!((maps.retry_1().shard_count(), maps.retry1().shard_count()), (1, 2));
        assert_eq!((MapsRetry1::NAME, MapsRetry_1::NAME, Maps_by_Day::NAME), ("retry1", "retry_1", "by_Day"));
        let skipped = Skipped::builder().marker("a")._marker(1).retry1(2).retry_1(3).__options(4).__store(5).store(6);
        let skipped = skipped.build();
        assert_eq!((skipped.marker, skipped._marker, skipped.retry1, skipped.retry_1), ("a", 1, 2, 3));
    }
}

/// Maps with names that the expansion gives to what it makes of indexes.
mod indexes {
    use super::*;

    #[sharded(ttl = "1m")]
    struct Indexed {
        map: HashMap<u8, u8>,
        map_map: HashMap<u8, u8>,
        index_map: HashMap<u8, u8>,
        options_map: HashMap<u8, u8>,
        #[shard(index_of = map, key = key)]
        index: HashMap<u8, u8>,
        #[shard(index_of = index_map, key = key)]
        index_index: HashMap<u8, u8>,
        #[shard(index_of = map_map, key = key)]
        key: HashMap<u8, HashSet<u8>>,
        #[shard(skip)]
        index_of: u8,
    }

    fn key(_: &u8, value: &u8) -> u8 {
        *value
    }

    #[test]
    fn stay_apart() {
        let indexed = Indexed::builder().index_of(1).build();
        indexed.map().insert(1, 10);
        indexed.map_map().insert(2, 20);
        indexed.index_map().insert(3, 30);
        assert_eq!((indexed.index().key(&10), indexed.index_index().key(&30)), (Some(1), Some(3)));
        assert_eq!((indexed.key().keys(&20), indexed.index_of, indexed.options_map().len()), (vec![2], 1, 0));
    }
}

/// Stores beside each other whose policies and builders have the names of each other.
mod stores {
    use super::*;

    #[sharded(ttl = "1m")]
    struct User {
        session_keys: HashMap<u8, u8>,
    }

    #[sharded(ttl = "2m")]
    struct UserSession {
        keys: HashMap<u8, u8>,
    }

    #[sharded(ttl = "3m")]
    pub(super) struct Cache {
        pub(super) entry: HashMap<u8, u8>,
    }

    #[sharded(ttl = "4m")]
    struct CacheEntry {
        map: HashSet<u8>,
    }

    #[sharded(ttl = "5m")]
    struct CacheBuilder {
        map: HashSet<u8>,
        #[shard(skip)]
        name: u8,
    }

    #[test]
    fn stay_apart() {
        assert!(User::new().session_keys().is_empty() && UserSession::new().keys().is_empty());
        assert!(Cache::new().entry().is_empty() && CacheEntry::new().map().is_empty());
        assert!(CacheBuilder::builder().name(1).build().map().is_empty());
        assert_eq!(CacheEntryMap::TTL.map(|ttl| ttl.as_secs()), Some(240));
    }

    #[test]
    fn in_a_function_too() {
        #[sharded(ttl = "1m")]
        struct User {
            session_keys: HashMap<u8, u8>,
        }
        #[sharded(ttl = "1m")]
        struct UserSession {
            keys: HashMap<u8, User>,
        }
        UserSession::new().keys().insert(1, User::new());
    }
}

mod model {
    #[derive(Debug, PartialEq)]
    pub(super) struct CacheEntry(pub(super) u8);
    pub(super) struct CacheBuilder;
    pub(super) struct CacheName;
}

/// Types of the user's with such names, by a glob, by name, and declared there.
mod imported {
    use super::{model::*, *};

    #[sharded(ttl = "1m")]
    struct Cache {
        entry: HashMap<u8, CacheEntry>,
        #[shard(skip)]
        builders: Vec<CacheBuilder>,
    }

    #[test]
    fn by_a_glob() {
        let cache = Cache::builder().builders(vec![CacheBuilder]).build();
        cache.entry().insert(1, CacheEntry(7));
        assert_eq!(cache.entry().remove(&1), Some(CacheEntry(7)));
    }

    mod by_name {
        use super::super::{HashMap, model::CacheEntry, sharded};

        /// What the declaration does not mention is the user's all the same.
        #[sharded(ttl = "1m")]
        struct Cache {
            entry: HashMap<u8, u8>,
            name: HashMap<u8, u8>,
        }

        struct CacheName(u8);

        #[test]
        fn by_name() {
            let cache = Cache::new();
            cache.entry().insert(CacheEntry(1).0, CacheName(2).0);
            assert!(cache.name().is_empty());
        }
    }
}
