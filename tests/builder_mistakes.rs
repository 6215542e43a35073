//! Overrides with which no store can be built: `checked` returns them, and `build` panics where it is called.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::ptr_arg,
    reason = "a weight takes references to the types of the field"
)]

mod common;

use common::{panics, policy::Of};
use sharded::{
    ShardedMap, ShardedSet,
    builder::{BuildError, FieldOptions},
    sharded,
};
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    panic,
    time::Duration,
};

fn length(_: &u64, value: &String) -> u64 {
    value.len() as u64
}

#[sharded(ttl = "1h")]
struct Shop {
    #[shard(idle = "1m")]
    carts: HashMap<u64, String>,
    #[cfg(any())]
    absent: HashMap<u64, String>,
    names: HashSet<u64>,
    #[shard(skip)]
    number: u32,
    #[shard(index_of = carts, key = length)]
    by_length: HashMap<u64, HashSet<u64>>,
}

/// Each override that is refused, with its field, its option and its message.
#[test]
fn each_mistake_is_told() {
    type Change = fn(ShopBuilderOf) -> ShopBuilderOf;
    let cases: [(Change, Option<&str>, &str, &str); 6] = [
        (
            |shop| shop.carts(|carts| carts.ttl(Duration::ZERO)),
            Some("carts"),
            "ttl",
            "the ttl of `carts` must not be zero",
        ),
        (
            |shop| shop.carts(|carts| carts.idle(Duration::ZERO)),
            Some("carts"),
            "idle",
            "the idle time of `carts` must not be zero",
        ),
        (
            |shop| shop.names(|names| names.shards(3)),
            Some("names"),
            "shards",
            "the number of shards of `names` must be a power of two, at most 65536, but is 3",
        ),
        (
            |shop| shop.by_length(|index| index.shards(0)),
            Some("by_length"),
            "shards",
            "the number of shards of `by_length` must be a power of two, at most 65536, but is 0",
        ),
        (
            |shop| shop.shards(131_072),
            None,
            "shards",
            "the number of shards must be a power of two, at most 65536, but is 131072",
        ),
        // The first one that was given, also if a right value follows.
        (
            |shop| shop.names(|names| names.shards(5).ttl(Duration::ZERO).shards(4)),
            Some("names"),
            "shards",
            "the number of shards of `names` must be a power of two, at most 65536, but is 5",
        ),
    ];
    for (change, field, option, message) in cases {
        let error: BuildError = change(Shop::builder().number(7)).checked().unwrap_err();
        assert_eq!((error.field(), error.option(), error.to_string().as_str()), (field, option, message));
        let error: &dyn std::error::Error = &error;
        assert!(error.source().is_none());
        assert_eq!(panics(|| drop(change(Shop::builder().number(7)).build())), message);
    }
    let shop = Shop::builder().number(7).shards(4).carts(|carts| carts.ttl(Duration::from_secs(1))).checked();
    let shop = shop.expect("all options are right").build();
    assert_eq!((shop.number, shop.carts().shard_count()), (7, 4));
    assert_eq!((shop.names().len(), shop.by_length().len()), (0, 0));
}

type ShopBuilderOf = ShopBuilder<sharded::builder::Given<u32>>;

#[test]
fn maps_and_sets_outside_of_a_store_tell_them_too() {
    type Policy = Of<sharded::lock::Mutex, common::policy::Ttl<1000>, sharded::evict::Unbounded>;
    let options = || FieldOptions::new().ttl(Duration::ZERO);
    let error = ShardedMap::<u64, u64, Policy>::try_with_options(options()).unwrap_err();
    assert_eq!((error.field(), error.option()), (Some("field"), "ttl"));
    let error = ShardedSet::<u64, Policy>::try_with_options(options()).unwrap_err();
    assert_eq!((error.field(), error.option()), (Some("field"), "ttl"));
    assert!(ShardedMap::<u64, u64, Policy>::try_with_options(FieldOptions::new()).is_ok());
}

/// A panic names the line of the caller, not one of the library.
#[test]
fn a_panic_names_the_line_of_the_call() {
    thread_local! {
        // Other tests panic meanwhile, and the hook is that of all threads.
        static PLACE: Cell<Option<(String, u32)>> = const { Cell::new(None) };
    }
    type Policy = Of<sharded::lock::Mutex, common::policy::Ttl<1000>, sharded::evict::Unbounded>;
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        PLACE.set(info.location().map(|place| (place.file().to_owned(), place.line())));
    }));
    let place = |run: fn()| {
        let _ = panic::catch_unwind(run);
        PLACE.take()
    };
    let here = |line| Some((file!().to_owned(), line));
    let places = [
        (place(|| drop(Shop::builder().number(7).shards(3).build())), here(line!())),
        (place(|| drop(Shop::builder().number(7).names(|names| names.shards(3)).build())), here(line!())),
        (place(|| drop(ShardedMap::<u64, u64, Policy>::with_options(FieldOptions::new().shards(3)))), here(line!())),
        (place(|| drop(ShardedSet::<u64, Policy>::with_options(FieldOptions::new().shards(3)))), here(line!())),
    ];
    panic::set_hook(before);
    for (found, expected) in places {
        assert_eq!(found, expected);
    }
}
