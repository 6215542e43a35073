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
    assert!(sets_and_hashers::Online::default().users().insert(1));
}
