//! Who takes which turn, and what comes of it.

use crate::systems::{self, System};
use std::{
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const ENTRIES: u64 = 1_000_000;
const SLICE: Duration = Duration::from_millis(50);
const ROUNDS: usize = 21;

/// What the threads do, on keys below a million, chosen uniformly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// Read an entry that is there.
    Hit,
    /// Add one to an entry that is there.
    Increment,
    /// 98 reads, one insert and one removal in a hundred, of twice as many keys as there are entries.
    Mixed,
}

/// Runs all systems by turns and prints a line for each.
pub(crate) fn table(work: Work, threads: usize) {
    let systems = systems::all();
    for (_, system) in &systems {
        (0..ENTRIES).for_each(|key| system.insert(key, key));
    }
    // The first round warms up.
    let rounds: Vec<Vec<f64>> =
        (0..=ROUNDS).map(|_| systems.iter().map(|(_, system)| slice(&**system, work, threads)).collect()).collect();
    println!("{work:?}, {threads} thread(s), 1M u64 -> u64, {ROUNDS} rounds of {} ms", SLICE.as_millis());
    for (index, (name, _)) in systems.iter().enumerate() {
        let rate = median(rounds[1..].iter().map(|round| round[index]));
        let ratio = median(rounds[1..].iter().map(|round| round[index] / round[0]));
        println!("  {name:<28} {rate:>7.1} M/s  {ratio:>5.2}");
    }
}

/// Million operations per second of one system in one slice.
fn slice(system: &dyn System, work: Work, threads: usize) -> f64 {
    let (done, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Barrier::new(threads + 1);
    let mut began = Instant::now();
    thread::scope(|scope| {
        for seed in 1..=threads as u64 {
            let (done, is_over, start) = (&done, &is_over, &start);
            scope.spawn(move || {
                let mut state = seed;
                start.wait();
                let mut count = 0;
                while !is_over.load(Ordering::Relaxed) {
                    for _ in 0..64 {
                        step(system, work, &mut state);
                    }
                    count += 64;
                }
                done.fetch_add(count, Ordering::Relaxed);
            });
        }
        start.wait();
        began = Instant::now();
        thread::sleep(SLICE);
        is_over.store(true, Ordering::Relaxed);
    });
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    let millions = done.into_inner() as f64 / 1e6;
    // From the start to the last thread's last operation.
    millions / began.elapsed().as_secs_f64()
}

fn step(system: &dyn System, work: Work, state: &mut u64) {
    // Knuth's MMIX generator; its upper bits are the better ones.
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let random = *state >> 33;
    match work {
        Work::Hit => drop(black_box(system.get(random % ENTRIES))),
        Work::Increment => system.increment(random % ENTRIES),
        Work::Mixed => {
            let key = random % (2 * ENTRIES);
            match (*state >> 20) % 100 {
                0 => system.insert(key, key),
                1 => system.remove(key),
                _ => drop(black_box(system.get(key))),
            }
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
