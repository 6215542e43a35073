//! Types of the user's with the names of other types, as keys and values and as stores. There is no prelude here.
#![no_implicit_prelude]
#![allow(dead_code, clippy::trivially_copy_pass_by_ref, clippy::zero_sized_map_values)]

use ::sharded::sharded;
use ::std::clone::Clone;
use ::std::collections::{HashMap, HashSet};
use ::std::{assert, assert_eq};

#[derive(
    ::std::fmt::Debug,
    ::std::clone::Clone,
    ::std::marker::Copy,
    ::std::cmp::PartialEq,
    ::std::cmp::Eq,
    ::std::hash::Hash,
)]
struct String(::std::primitive::u8);

#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::std::cmp::PartialEq)]
enum Option {
    Some,
    None,
}
use Option::Some;

#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::std::cmp::PartialEq)]
struct Result;

#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::std::cmp::PartialEq)]
struct Mutex;

#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::std::cmp::PartialEq)]
struct Policy;

#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::std::cmp::PartialEq)]
struct Duration;

#[derive(::std::fmt::Debug)]
struct Box<T>(T);

#[derive(::std::fmt::Debug)]
struct Given;

#[derive(::std::fmt::Debug)]
struct Missing;

#[allow(non_camel_case_types)]
#[derive(
    ::std::fmt::Debug,
    ::std::clone::Clone,
    ::std::marker::Copy,
    ::std::cmp::PartialEq,
    ::std::cmp::Eq,
    ::std::hash::Hash,
)]
struct u32;

#[allow(non_camel_case_types)]
struct usize;

#[allow(non_camel_case_types)]
struct u64;

#[allow(non_camel_case_types)]
struct bool;

trait Default {}
trait Send {}
trait Sized {}
trait Fn {}
trait FnMut {}
trait FnOnce {}
trait Eq {}
trait Hash {}
trait Debug {}

mod builder {}
mod clock {}
mod evict {}
mod expiry {}
mod hasher {}
mod lock {}
mod macro_support {}
mod shards {}

#[sharded(shards = 2, ttl = "1m", lock = RwLock)]
struct Store {
    options: HashMap<String, Option>,
    results: HashMap<u32, Result>,
    #[shard(lock = Mutex, ttl = never, capacity = 10, evict = Lru)]
    mutexes: HashMap<u32, Mutex>,
    #[shard(idle = "1s", clock = Boot, hasher = SipHash)]
    policies: HashMap<u32, Policy>,
    #[shard(lock = Optimistic, ttl = never, unbounded = "one")]
    durations: HashMap<u32, Duration>,
    #[shard(lock = Rcu, ttl = never, unbounded = "one")]
    texts: HashMap<String, String>,
    strings: HashSet<String>,
    #[shard(index_of = options, key = string_of)]
    by_string: HashMap<String, String>,
    #[shard(index_of = options, key = option_of, lock = Mutex)]
    by_option: HashMap<u32, HashSet<String>>,
    #[shard(skip)]
    boxed: Box<Given>,
    #[shard(skip)]
    missing: Missing,
}

fn string_of(key: &String, _: &Option) -> String {
    *key
}

fn option_of(_: &String, option: &Option) -> ::std::option::Option<u32> {
    if *option == Some { ::std::option::Option::Some(u32) } else { ::std::option::Option::None }
}

#[test]
fn as_keys_and_values() {
    let store = Store::builder().boxed(Box(Given)).missing(Missing).build();
    store.options().insert(String(1), Some);
    assert_eq!(store.options().get(&String(1)).map(|option| option == Some), ::std::option::Option::Some(true));
    store.results().insert(u32, Result);
    store.mutexes().insert(u32, Mutex);
    store.policies().insert(u32, Policy);
    store.durations().insert(u32, Duration);
    assert!(store.strings().insert(String(1)));
    store.texts().insert(String(1), String(2));
    assert!(store.texts().with_mut(&String(1), |text| *text = String(3)).is_some());
    assert_eq!((store.results().len(), store.mutexes().len(), store.policies().len()), (1, 1, 1));
    assert_eq!(store.durations().get(&u32).clone(), ::std::option::Option::Some(Duration));
    assert!(store.by_string().contains(&String(1)) && store.by_option().contains(&u32));
    let rows = (store.options().row(&String(1)), store.results().row(&u32));
    let result = ::sharded::transaction(rows, |(option, result)| {
        result.remove();
        option.insert(Option::None);
        ::std::result::Result::<(), ()>::Ok(())
    });
    assert!(result.is_ok() && !store.by_option().contains(&u32) && store.results().is_empty());
    let (Box(Given), Missing) = (&store.boxed, &store.missing);
}

/// Parameters with the names of what the expansion needs.
#[sharded(ttl = "1m")]
struct Field<Key, Value, const SLOTS: ::std::primitive::usize>
where
    Key: ::sharded::Key,
    Value: ::sharded::Value,
{
    rows: HashMap<Key, [Value; SLOTS]>,
    #[shard(skip)]
    context: ::std::marker::PhantomData<Value>,
}

#[test]
fn as_parameters() {
    let field = Field::<::std::primitive::u8, u32, 2>::builder().context(::std::marker::PhantomData).build();
    field.rows().insert(1, [u32, u32]);
    assert_eq!(field.rows().get(&1), ::std::option::Option::Some([u32, u32]));
}

/// The store itself, its policies and its builder are called as types that the expansion uses.
mod stores {
    use ::sharded::sharded;
    use ::std::collections::HashMap;

    #[sharded(ttl = "1m")]
    struct StoreOptions {
        map: HashMap<::std::primitive::u8, ::std::primitive::u8>,
    }

    #[sharded(ttl = "1m")]
    struct Field {
        // Its policy is `FieldOptions`, beside `sharded::builder::FieldOptions`.
        options: HashMap<::std::primitive::u8, ::std::primitive::u8>,
    }

    #[sharded(ttl = "1m")]
    struct Debug {
        // Its policy is `DebugStruct`.
        r#struct: HashMap<::std::primitive::u8, ::std::primitive::u8>,
    }

    #[test]
    fn as_the_store() {
        StoreOptions::new().map().insert(1, 1);
        Field::new().options().insert(1, 1);
        <Debug as ::std::default::Default>::default().r#struct().insert(1, 1);
    }
}
