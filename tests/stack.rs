//! How much stack a call takes whose values are large, and how large the futures of loads are.
//!
//! A stack that overflows ends the process, so each call runs in a child process, on a thread whose stack has a stated size. Without
//! optimisation a value has a place on the stack in each function that it passes through, so a value that is handed on takes the more.

#![allow(
    clippy::large_stack_arrays,
    clippy::large_stack_frames,
    clippy::large_futures,
    reason = "that is what is tested"
)]

use sharded::{Change, sharded};
use std::{
    collections::HashMap,
    env,
    process::{Command, Stdio},
    task::{Context, Poll, Waker},
    thread,
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

type Large = [u8; 64 * KIB];

#[sharded(shards = 1)]
struct Shop {
    #[shard(ttl = never, unbounded = "a test")]
    plain: HashMap<u64, Large>,
    #[shard(ttl = "1h", capacity = 2, evict = Lru)]
    full: HashMap<u64, Large>,
    #[shard(ttl = never, unbounded = "a test", lock = Optimistic)]
    optimistic: HashMap<u64, Large>,
}

type Call = fn(&Shop);

/// The calls that store, the stack that each may take, and each on its own.
macro_rules! calls {
    ($field:ident) => {
        [
            (MIB, "insert", (|shop| assert!(shop.$field().insert(1, [1; _]).is_none())) as Call),
            (MIB, "insert that replaces", |shop| {
                for _ in 0..2 {
                    shop.$field().insert(1, [1; _]);
                }
            }),
            // Where it evicts, what leaves passes through more functions.
            (3 * MIB, "insert of many", |shop| {
                for key in 0..20 {
                    shop.$field().insert(key, [1; _]);
                }
            }),
            (MIB, "try_insert", |shop| assert!(shop.$field().try_insert(1, [1; _]).is_ok())),
            (MIB, "insert_if_absent", |shop| assert!(shop.$field().insert_if_absent(1, [1; _]).is_ok())),
            (MIB, "upsert", |shop| assert!(shop.$field().upsert(1, || [1; _], |_| ()).is_none())),
            (MIB, "get_or_insert_with", |shop| assert_eq!(shop.$field().get_or_insert_with(1, || [1; _])[0], 1)),
            (3 * MIB / 2, "compute", |shop| shop.$field().compute(1, |_| Change::Put([1; _], ()))),
        ]
    };
}

/// Those that load. Under `Optimistic`, looking for the value takes more.
macro_rules! loads {
    ($field:ident) => {
        [
            (
                3 * MIB / 2,
                "get_or_load_with",
                (|shop| assert_eq!(shop.$field().get_or_load_with(1, || [1; _])[0], 1)) as Call,
            ),
            (3 * MIB / 2, "get_or_load_async", |shop| {
                let mut load = Box::pin(shop.$field().get_or_load_async(1, async || [1; _]));
                assert!(load.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            }),
        ]
    };
}

fn cases() -> Vec<(usize, &'static str, Call)> {
    let stores = calls!(plain).into_iter().chain(calls!(full)).chain(calls!(optimistic));
    stores.chain(loads!(plain)).chain(loads!(full)).collect()
}

const CASE: &str = "SHARDED_STACK_CASE";

/// What the child process does; without a case nothing.
#[test]
fn child() {
    let Some(case) = env::var_os(CASE).and_then(|case| case.to_str()?.parse::<usize>().ok()) else { return };
    let (stack, _, call) = cases()[case];
    thread::Builder::new().stack_size(stack).spawn(move || call(&Shop::new())).unwrap().join().unwrap();
}

#[test]
fn a_large_value_takes_few_places_on_the_stack() {
    let program = env::current_exe().unwrap();
    let mut overflows = Vec::new();
    for (case, (stack, name, _)) in cases().into_iter().enumerate() {
        let mut child = Command::new(&program);
        child.args(["--exact", "child"]).env(CASE, case.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        if !child.status().unwrap().success() {
            overflows.push(format!("{name} (case {case}), {} KiB", stack / KIB));
        }
    }
    assert!(overflows.is_empty(), "these take more stack: {overflows:#?}");
}

/// A task or a thread that asks for a key that is there, or waits, should be cheap. What a load needs is on the heap while it lasts.
#[test]
fn the_future_of_a_load_is_small() {
    #[sharded(ttl = "1h")]
    struct Names {
        ages: HashMap<u64, u64>,
        names: HashMap<String, String>,
    }
    // What it keeps is the key, the map, the loader, where the call is, and a pointer to what goes on if the value is not there.
    let most = 160;
    let (names, shop) = (Names::new(), Shop::new());
    let of_u64 = names.ages().get_or_try_insert_async(7, async || Ok::<_, ()>(1));
    let of_text = names.names().get_or_try_insert_async("ada".to_owned(), async || Ok::<_, ()>("bob".to_owned()));
    let of_large = shop.plain().get_or_load_async(7, async || [1; _]);
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
