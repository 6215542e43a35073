//! Unique indexes in transactions: no two entries get one index key, also where entries expire meanwhile.

use sharded::{Policy, ShardedMap, TransactionError, clock::Manual, lock::Serves, sharded, transaction};
use std::{collections::HashMap, time::Duration};

type User = (&'static str, u32);

fn name_of(_: &u32, user: &User) -> &'static str {
    user.0
}

macro_rules! stores {
    ($($store:ident: $shards:literal, ($($option:tt)*);)*) => {$(
        #[sharded(shards = $shards)]
        struct $store {
            #[shard($($option)*)]
            users: HashMap<u32, User>,
            #[shard(index_of = users, key = name_of)]
            by_name: HashMap<&'static str, u32>,
        }
    )*};
}
stores! {
    One: 1, (ttl = "60s");
    Many: 64, (ttl = "60s");
    Full: 1, (ttl = "60s", capacity = 4, evict = Lru);
}

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn all<P: Policy<Lock: Serves<u32, User>>>(map: &ShardedMap<u32, User, P>) -> Vec<(u32, User)> {
    let mut all = map.to_vec();
    all.sort_unstable();
    all
}

macro_rules! two_new {
    ($store:ident) => {
        let store = $store::new();
        let users = store.users();
        let result = transaction((users.row(&1), users.row(&2)), |(one, two)| {
            one.insert(("x", 1));
            two.insert(("x", 2));
            Ok::<_, ()>(())
        });
        assert!(matches!(result, Err(TransactionError::Taken { index: "by_name", .. })), "{result:?}");
        assert_eq!((all(users), store.by_name().key("x")), (Vec::new(), None));
    };
}

macro_rules! two_changes {
    ($store:ident) => {
        let store = $store::new();
        let users = store.users();
        users.extend([(1, ("a", 1)), (2, ("b", 2))]);
        let result = transaction((users.row(&1), users.row(&2)), |(one, two)| {
            one.insert(("x", 1));
            two.insert(("x", 2));
            Ok::<_, ()>(())
        });
        assert!(matches!(result, Err(TransactionError::Taken { index: "by_name", .. })), "{result:?}");
        assert_eq!(all(users), [(1, ("a", 1)), (2, ("b", 2))]);
        assert_eq!(["a", "b", "x"].map(|name| store.by_name().key(name)), [Some(1), Some(2), None]);
    };
}

macro_rules! outlived {
    ($store:ident) => {
        let clock = Manual::new();
        let store = $store::builder().clock(clock.clone()).build();
        let users = store.users();
        users.insert(1, ("x", 1));
        let both = |name: &'static str| {
            transaction((users.row(&1), users.row(&2)), |(one, two)| {
                one.insert(("x", 7));
                two.insert((name, 2));
                clock.advance(Duration::from_secs(100));
                Ok::<_, ()>(())
            })
        };
        let result = both("x");
        assert!(matches!(result, Err(TransactionError::Taken { index: "by_name", .. })), "{result:?}");
        users.insert(1, ("x", 1));
        both("y").unwrap();
        assert_eq!(all(users), [(1, ("x", 7)), (2, ("y", 2))]);
        assert_eq!(["x", "y"].map(|name| store.by_name().key(name)), [Some(1), Some(2)]);
    };
}

macro_rules! expired_row {
    ($store:ident) => {
        let clock = Manual::new();
        let store = $store::builder().clock(clock.clone()).build();
        let users = store.users();
        for _ in 0..10 {
            users.clear();
            users.insert(1, ("x", 1));
            clock.advance(Duration::from_secs(100));
            transaction((users.row(&1), users.row(&2)), |(expired, new)| {
                assert_eq!(expired.get(), None);
                new.insert(("x", 2));
                Ok::<_, ()>(())
            })
            .unwrap();
            assert_eq!((all(users), store.by_name().key("x")), (vec![(2, ("x", 2))], Some(2)));
        }
        // The room of the expired entries was given back once.
        users.extend((10..18).map(|key| (key, (NAMES[key as usize - 10], key))));
        assert!(users.capacity().is_none_or(|capacity| users.len() <= capacity), "{} entries", users.len());
    };
}

macro_rules! for_each_store {
    ($($name:ident: $run:ident;)*) => {$(
        #[test]
        fn $name() {
            $run!(One);
            $run!(Many);
            $run!(Full);
        }
    )*};
}
for_each_store! {
    two_new_entries_with_one_index_key_are_refused: two_new;
    two_changes_to_one_index_key_are_refused: two_changes;
    an_entry_that_expires_during_the_closure_keeps_its_index_key: outlived;
    an_index_key_of_an_expired_row_is_free: expired_row;
}
