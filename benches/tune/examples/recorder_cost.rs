//! What a recorder costs a program that does nothing but read a map: see the README beside `Cargo.toml`.
//!
//! `recorder_cost plain|declared|recording READS` reads a store without `record`, with it, or while it is recorded, for
//! callgrind to count. `recorder_cost times` lets them take turns, on a map that no cache holds.

use sharded::{Store, sharded};
use sharded_tune::Interval;
use std::{
    collections::HashMap,
    env,
    hint::black_box,
    time::{Duration, Instant},
};

// Without a deadline, and so without a clock, whose system call valgrind does not know.
#[sharded(shards = 64)]
struct Plain {
    #[shard(unbounded = "a fixed number of keys")]
    map: HashMap<u64, u64>,
}

#[sharded(shards = 64, record)]
struct Recorded {
    #[shard(unbounded = "a fixed number of keys")]
    map: HashMap<u64, u64>,
}

const FEW: u64 = 1 << 14;
const MANY: u64 = 1 << 20;
const ROUNDS: usize = 101;

/// A function that is called through its address, whatever the compiler would do: the one that is called from one place
/// only would be inlined, and the others not.
type Get<T> = fn(&T, &u64) -> Option<u64>;

fn read<T>(store: &T, get: Get<T>, keys: u64, reads: u64) {
    let get = black_box(get);
    for number in 0..reads {
        // Each key in turn, far from the one before.
        black_box(get(store, &black_box(number.wrapping_mul(611_953) % keys)));
    }
}

fn plain(keys: u64) -> (Plain, Get<Plain>) {
    let store = Plain::new();
    store.map().extend((0..keys).map(|key| (key, key)));
    (store, |store, key| store.map().get(key))
}

fn recorded(keys: u64) -> (Recorded, Get<Recorded>) {
    let store = Recorded::new();
    store.map().extend((0..keys).map(|key| (key, key)));
    (store, |store, key| store.map().get(key))
}

fn main() {
    let mut arguments = env::args().skip(1);
    let (kind, reads) = (arguments.next(), arguments.next());
    let reads: u64 = reads.and_then(|number| number.parse().ok()).unwrap_or(100_000);
    match kind.as_deref() {
        Some("plain") => {
            let (store, get) = plain(FEW);
            read(&store, get, FEW, reads);
        }
        Some("declared") => {
            let (store, get) = recorded(FEW);
            read(&store, get, FEW, reads);
        }
        Some("recording") => {
            let (store, get) = recorded(FEW);
            let _recorder = store.recorder();
            read(&store, get, FEW, reads);
        }
        Some("times") => times(),
        _ => eprintln!("recorder_cost plain|declared|recording READS, or recorder_cost times"),
    }
}

fn times() {
    let (without, get_without) = plain(MANY);
    let (declared, get_declared) = recorded(MANY);
    let (recording, get_recording) = recorded(MANY);
    let _recorder = recording.recorder();
    let turn = |run: &dyn Fn()| {
        let began = Instant::now();
        run();
        began.elapsed()
    };
    let rounds: Vec<[Duration; 3]> = (0..ROUNDS)
        .map(|_| {
            [
                turn(&|| read(&without, get_without, MANY, MANY)),
                turn(&|| read(&declared, get_declared, MANY, MANY)),
                turn(&|| read(&recording, get_recording, MANY, MANY)),
            ]
        })
        .collect();
    let of_rounds =
        |figure: &dyn Fn(&[Duration; 3]) -> f64| Interval::of(rounds.iter().map(figure)).expect("there are rounds");
    for (kind, name) in ["plain", "declared", "recording"].iter().enumerate() {
        let nanos = of_rounds(&|round| round[kind].div_duration_f64(Duration::from_nanos(MANY)));
        let ratios = of_rounds(&|round| round[kind].div_duration_f64(round[0]));
        println!("{name:<10} {:.1} ns per get, {:.3} of plain", nanos.median, ratios.median);
    }
}
