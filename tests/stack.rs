//! The stack that a call with large values takes, and the sizes of the futures of loads.
//!
//! A stack that overflows ends the process, so each call runs in a child process, on a thread whose stack has a stated
//! size. Without optimisation a value has a place on the stack in each function that it passes through, so a value that
//! is handed on takes the more.

#![allow(
    clippy::large_stack_arrays,
    clippy::large_stack_frames,
    clippy::large_futures,
    clippy::large_types_passed_by_value,
    reason = "that is what is tested"
)]

use sharded::{Change, clock::Manual, sharded};
use std::{
    collections::HashMap,
    env,
    hint::black_box,
    pin::pin,
    process::Command,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

const KIB: usize = 1024;
const SIZE: usize = 64 * KIB;

/// A value that owns something, as far as the compiler knows, and one that does not.
#[derive(Clone)]
struct Owned([u8; SIZE]);
#[derive(Clone, Copy)]
struct Plain([u8; SIZE]);

impl Drop for Owned {
    fn drop(&mut self) {
        black_box(&mut self.0);
    }
}

macro_rules! values {
    ($($value:ident)*) => {$(
        impl $value {
            fn new() -> Self {
                $value([1; SIZE])
            }
        }

        impl serde::Serialize for $value {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u8(self.0[0])
            }
        }

        impl<'de> serde::Deserialize<'de> for $value {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok($value([<u8 as serde::Deserialize>::deserialize(deserializer)?; SIZE]))
            }
        }
    )*};
}
values!(Owned Plain);

#[allow(clippy::trivially_copy_pass_by_ref, reason = "a weigher is called so")]
fn one<V>(_: &u64, _: &V) -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "it is called so")]
fn any<V>(_: &u64, _: &V) -> bool {
    true
}

#[sharded(shards = 1)]
struct Shop {
    #[shard(ttl = never, unbounded = "a test")]
    plain: HashMap<u64, Owned>,
    #[shard(ttl = "1h", capacity = 2, evict = Lru, lock = RwLock, shards = 2)]
    full: HashMap<u64, Owned>,
    #[shard(ttl = "1h", idle = "30m", refresh_after = "1s", capacity = 2, weight = one, evictable = any, evict = Adaptive)]
    all: HashMap<u64, Owned>,
    #[shard(ttl = never, unbounded = "a test", lock = Optimistic)]
    optimistic: HashMap<u64, Plain>,
    #[shard(ttl = "1h", refresh_after = "1s", capacity = 2, weight = one, evictable = any, evict = Sieve, lock = Optimistic)]
    racing: HashMap<u64, Plain>,
}

/// What is done with a store and its clock.
type Act = fn(&Shop, &Manual);

/// Values that have room on the stack of a call: with optimisation as many as let a value of 256 KiB through on a
/// thread of 2 MiB.
struct Room {
    unoptimised: usize,
}

impl Room {
    /// Of calls whose counterparts of std's map take six, and some more.
    const FEW: Self = Room { unoptimised: 10 };
    const SOME: Self = Room { unoptimised: 16 };
    /// Enough for a value of 200 KB on a main thread of 8 MiB.
    const MANY: Self = Room { unoptimised: 25 };

    fn bytes(&self) -> usize {
        // What the thread itself takes comes on top.
        SIZE / 2 + SIZE * if cfg!(debug_assertions) { self.unoptimised } else { 7 }
    }
}

struct Case {
    room: Room,
    name: &'static str,
    before: Act,
    call: Act,
}

fn poll<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it need not wait"),
    }
}

/// All calls of a map that move values.
macro_rules! cases {
    ($field:ident, $value:ident) => {{
        fn nothing(_: &Shop, _: &Manual) {}
        fn some(shop: &Shop, _: &Manual) {
            for key in [0, 1, 2, 1] {
                shop.$field().insert(key, $value::new());
            }
        }
        fn listened(shop: &Shop, clock: &Manual) {
            shop.$field().on_removal(|_, value, _| _ = black_box(value.0[0])).ok().unwrap();
            some(shop, clock);
        }
        fn received(shop: &Shop, clock: &Manual) {
            std::mem::forget(shop.$field().removals(100).unwrap());
            some(shop, clock);
        }
        fn expired(shop: &Shop, clock: &Manual) {
            some(shop, clock);
            clock.advance(Duration::from_hours(2));
        }
        fn old(shop: &Shop, clock: &Manual) {
            some(shop, clock);
            clock.advance(Duration::from_mins(1));
        }
        macro_rules! case {
            ($room:ident, $name:literal, $before:expr, $call:expr) => {
                Case { room: Room::$room, name: concat!(stringify!($field), ": ", $name), before: $before, call: $call }
            };
        }
        let insert_many: Act = |shop, _| {
            for key in 0..40 {
                black_box(shop.$field().insert(key, $value::new()).is_some());
            }
        };
        let remove: Act = |shop, _| assert!(shop.$field().remove(&1).is_some());
        let compute_remove: Act = |shop, _| shop.$field().compute(1, |_| Change::Remove(()));
        let load: Act = |shop, _| assert_eq!(shop.$field().get_or_load_with(1, || $value::new()).0[0], 1);
        let load_many: Act = |shop, _| {
            for key in 10..13 {
                assert_eq!(shop.$field().get_or_load_with(key, || $value::new()).0[0], 1);
            }
        };
        let load_async: Act =
            |shop, _| assert_eq!(poll(Box::pin(shop.$field().get_or_load_async(1, async || $value::new()))).0[0], 1);
        let retain_none: Act = |shop, _| _ = shop.$field().retain(|_, _| false);
        let clear: Act = |shop, _| shop.$field().clear();
        let drain: Act = |shop, _| _ = black_box(shop.$field().drain());
        let restore: Act = |shop, _| {
            let mut file = Vec::new();
            shop.$field().save(&mut file).unwrap();
            shop.$field().restore(&file[..]).unwrap();
        };
        vec![
            case!(FEW, "insert", nothing, |shop, _| assert!(shop.$field().insert(1, $value::new()).is_none())),
            case!(FEW, "insert that replaces", some, |shop, _| assert!(
                shop.$field().insert(1, $value::new()).is_some()
            )),
            case!(FEW, "insert of many", nothing, insert_many),
            case!(FEW, "insert of many, told to a listener", listened, insert_many),
            case!(FEW, "insert of many, sent to a channel", received, insert_many),
            case!(FEW, "insert of many where others have expired", expired, insert_many),
            case!(MANY, "extend", nothing, |shop, _| shop.$field().extend([(1, $value::new())])),
            case!(MANY, "insert_many", nothing, |shop, _| {
                assert!(shop.$field().insert_many([(1, $value::new())]).is_ok());
            }),
            case!(SOME, "remove_many", some, |shop, _| {
                assert!(shop.$field().remove_many(&[1])[0].is_some());
            }),
            case!(SOME, "try_insert", nothing, |shop, _| assert!(shop.$field().try_insert(1, $value::new()).is_ok())),
            case!(SOME, "try_insert that replaces", some, |shop, _| {
                assert!(shop.$field().try_insert(1, $value::new()).is_ok());
            }),
            case!(SOME, "insert_if_absent", nothing, |shop, _| {
                assert!(shop.$field().insert_if_absent(1, $value::new()).is_ok());
            }),
            case!(SOME, "insert_if_absent of what is there", some, |shop, _| {
                assert!(shop.$field().insert_if_absent(1, $value::new()).is_err());
            }),
            case!(FEW, "remove", some, remove),
            case!(FEW, "remove, told to a listener", listened, remove),
            case!(FEW, "remove_entry", some, |shop, _| assert!(shop.$field().remove_entry(&1).is_some())),
            case!(FEW, "remove_if", some, |shop, _| assert!(shop.$field().remove_if(&1, |_| true).is_some())),
            case!(FEW, "with_mut", some, |shop, _| assert!(
                shop.$field().with_mut(&1, |value| value.0[0] = 2).is_some()
            )),
            case!(FEW, "upsert", nothing, |shop, _| {
                assert!(shop.$field().upsert(1, || $value::new(), |_| ()).is_none());
            }),
            case!(FEW, "upsert of what is there", some, |shop, _| {
                assert!(shop.$field().upsert(1, || $value::new(), |_| ()).is_some());
            }),
            case!(MANY, "compute that puts", nothing, |shop, _| {
                shop.$field().compute(1, |_| Change::Put($value::new(), ()));
            }),
            case!(MANY, "compute that replaces", listened, |shop, _| {
                shop.$field().compute(1, |_| Change::Put($value::new(), ()));
            }),
            case!(MANY, "compute that removes", some, compute_remove),
            case!(MANY, "compute that removes, told to a listener", listened, compute_remove),
            case!(SOME, "get_or_insert_with", nothing, |shop, _| {
                assert_eq!(shop.$field().get_or_insert_with(1, || $value::new()).0[0], 1);
            }),
            case!(MANY, "get_or_load_with", nothing, load),
            case!(MANY, "get_or_load_with that evicts", listened, load_many),
            case!(MANY, "get_or_load_async", nothing, load_async),
            case!(MANY, "get_or_try_insert_with", nothing, |shop, _| {
                assert!(shop.$field().get_or_try_insert_with(1, || Ok::<_, ()>($value::new())).is_ok());
            }),
            case!(FEW, "retain all", some, |shop, _| _ = shop.$field().retain(|_, _| true)),
            case!(FEW, "retain none", some, retain_none),
            case!(FEW, "retain none, told to a listener", listened, retain_none),
            case!(FEW, "clear", some, clear),
            case!(FEW, "clear, told to a listener", listened, clear),
            case!(FEW, "invalidate_all", some, |shop, _| {
                shop.$field().invalidate_all();
                shop.$field().sweep();
            }),
            case!(FEW, "drain", some, drain),
            case!(FEW, "drain, told to a listener", listened, drain),
            case!(FEW, "for_each", some, |shop, _| shop.$field().for_each(|_, value| _ = black_box(value.0[0]))),
            case!(FEW, "values", some, |shop, _| _ = black_box(shop.$field().values())),
            case!(FEW, "to_vec", some, |shop, _| _ = black_box(shop.$field().to_vec())),
            case!(FEW, "sweep", expired, |shop, _| _ = shop.$field().sweep()),
            case!(FEW, "shrink_to_fit", some, |shop, _| shop.$field().shrink_to_fit()),
            case!(SOME, "save and load", some, restore),
            case!(SOME, "save and load, told to a listener", listened, restore),
            case!(SOME, "removals", nothing, |shop, clock| {
                let mut removals = shop.$field().removals(100).unwrap();
                some(shop, clock);
                shop.$field().clear();
                assert!(removals.recv().is_some() && removals.try_recv().is_some());
                assert!(poll(removals.recv_async()).is_some());
            }),
        ]
        .into_iter()
        .chain(reads!($field, $value, some, old, load, load_async))
    }};
}

macro_rules! reads {
    ($field:ident, $value:ident, $some:ident, $old:ident, $load:ident, $load_async:ident) => {{
        macro_rules! case {
            ($room:ident, $name:literal, $before:expr, $call:expr) => {
                Case { room: Room::$room, name: concat!(stringify!($field), ": ", $name), before: $before, call: $call }
            };
        }
        vec![
            case!(FEW, "get", $some, |shop, _| assert_eq!(shop.$field().get(&1).unwrap().0[0], 1)),
            case!(FEW, "with", $some, |shop, _| assert_eq!(shop.$field().with(&1, |value| value.0[0]), Some(1))),
            case!(FEW, "contains_key", $some, |shop, _| assert!(shop.$field().contains_key(&1))),
            case!(FEW, "get_many", $some, |shop, _| assert_eq!(shop.$field().get_many(&[1; 100]).len(), 100)),
            case!(MANY, "get_or_load_with of what is there", $some, $load),
            case!(MANY, "get_or_load_with of what is old", $old, $load),
            case!(MANY, "get_or_load_async of what is there", $some, $load_async),
            case!(MANY, "get_or_load_async of what is old", $old, $load_async),
        ]
    }};
}

type Cases = fn() -> Vec<Case>;

const MAPS: [(&str, Cases); 5] = [
    ("plain", || cases!(plain, Owned).collect()),
    ("full", || cases!(full, Owned).collect()),
    ("all", || cases!(all, Owned).collect()),
    ("optimistic", || cases!(optimistic, Plain).collect()),
    ("racing", || cases!(racing, Plain).collect()),
];

const MAP: &str = "SHARDED_STACK_MAP";

/// What the child process does; without a map nothing. The last line that it prints names the call.
#[test]
fn child() {
    let Some(map) = env::var_os(MAP) else { return };
    let (_, cases) = MAPS.into_iter().find(|&(name, _)| name == map).unwrap();
    for Case { room, name, before, call } in cases() {
        println!("{name}");
        let clock = Manual::new();
        let shop = Shop::builder().clock(clock.clone()).build();
        let run = |stack, act: Act| {
            let (shop, clock) = (&shop, &clock);
            thread::scope(|scope| {
                thread::Builder::new().stack_size(stack).spawn_scoped(scope, move || act(shop, clock)).unwrap();
            });
        };
        run(100 * SIZE, before);
        run(room.bytes(), call);
    }
}

#[test]
fn a_large_value_takes_few_places_on_the_stack() {
    let program = env::current_exe().unwrap();
    for (map, _) in MAPS {
        let child = Command::new(&program).args(["--exact", "child", "--nocapture"]).env(MAP, map).output().unwrap();
        let (lines, errors) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        assert!(child.status.success(), "{:?} {errors}", lines.lines().last());
    }
}

/// A task or a thread that asks for a key that is there, or waits, should be cheap. What a load needs is on the heap
/// while it lasts.
#[test]
fn the_future_of_a_load_is_small() {
    #[sharded(ttl = "1h")]
    struct Names {
        ages: HashMap<u64, u64>,
        names: HashMap<String, String>,
    }
    // What it keeps is the key, the map, the loader, where the call is, and a pointer to what goes on if the value is
    // not there.
    let most = 160;
    let (names, shop) = (Names::new(), Shop::new());
    let of_u64 = names.ages().get_or_try_insert_async(7, async || Ok::<_, ()>(1));
    let of_text = names.names().get_or_try_insert_async("ada".to_owned(), async || Ok::<_, ()>("bob".to_owned()));
    let of_large = shop.plain().get_or_load_async(7, async || Owned::new());
    let sizes = [size_of_val(&of_u64), size_of_val(&of_text), size_of_val(&of_large)];
    assert!(sizes.iter().all(|&size| size <= most), "{sizes:?}");
    // Also of one whose loader is large once it runs.
    let of_loader = names.ages().get_or_load_async(7, || async {
        let state = [1_u8; 10_000];
        std::future::ready(()).await;
        u64::from(state[0])
    });
    assert!(size_of_val(&of_loader) <= most, "{}", size_of_val(&of_loader));
    let mut load = Box::pin(of_loader);
    assert_eq!(load.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(1));
}
