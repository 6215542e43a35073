//! A million entries expire at once: how long single reads and writes take during that, and when the memory is
//! released.
//!
//! Each system has a process of its own. All entries have the same deadline, except some that stay. Those are read and
//! written. With traffic, a reader and a writer work all the time, with short rests, so that they leave cores to the
//! threads that remove entries. Without traffic, nobody calls the map until the wait is over, and then both do so for a
//! short time. [`Expiring::upkeep`] is called every tenth of a second.

use super::count;
use crate::{
    args::Args,
    caches::{self, Expiring, LONG, Storming},
    child,
    entries::mixed,
    resident::{per, resident},
    stats::{Pauses, Sorted},
    table::{About, Cell, Row, Table},
    turns,
    work::Work,
};
use quanta::Clock;
use sharded_bench_common::random::{RngExt, seeded};
use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

const ENTRIES: u64 = 1_000_000;
const REPEATS: usize = 3;

/// Entries that stay: this number for the reader, and as many for the writer.
const STEADY: u64 = 10_000;

/// Reads or writes between two rests, and the length of a rest.
const BURST: u64 = 20;
const REST: Duration = Duration::from_micros(100);

/// The time before the deadline at which calls begin to count.
const JUST_BEFORE: Duration = Duration::from_millis(20);

const UPKEEP: Duration = Duration::from_millis(100);

/// The expired entries count as gone when this number is left. A thread that is interrupted between reading the time
/// and inserting gives an entry a later deadline.
const STRAGGLERS: u64 = ENTRIES / 10_000;

/// The memory counts as released when this share of it is left. Tables that stay large keep the rest.
const BACK: f64 = 0.25;

/// With traffic, then without.
pub(crate) fn run(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    let (entries, repeats) = (args.entries_or(ENTRIES), args.repeats_or(REPEATS));
    let takes_part = |system: &Storming| args.systems.is_empty() || args.systems.iter().any(|name| name == system.id);
    let systems: Vec<_> = caches::storming().into_iter().filter(takes_part).collect();
    for idle in [false, true].into_iter().filter(|idle| *idle || !args.idle) {
        let mut args = args.clone();
        args.idle = idle;
        let traffic = if idle { "without traffic" } else { "with traffic" };
        let bar = turns::progress(systems.len() * repeats, &format!("storm {traffic}"));
        let mut runs: Vec<Vec<Vec<f64>>> = vec![Vec::new(); systems.len()];
        for _ in 0..repeats {
            for (system, runs) in systems.iter().zip(&mut runs) {
                runs.push(one(&args, system, entries)?);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        let row = |(system, runs): (&Storming, &Vec<Vec<f64>>)| {
            let figure = |figure: usize| Sorted::new(runs.iter().map(|run| run[figure]));
            let or_never = |figure: Sorted, decimals| match figure.median() {
                median if median.is_infinite() => Cell::Text("never".to_owned()),
                median => Cell::of(median, decimals),
            };
            let is_null = system.id == "null";
            let unless_null = |cell| if is_null { Cell::Empty } else { cell };
            let cells = vec![
                Cell::median(&figure(0), 2),
                Cell::range(figure(0).range(), 1),
                Cell::median(&figure(1), 2),
                Cell::range(figure(1).range(), 1),
                unless_null(or_never(figure(2), 2)),
                unless_null(or_never(figure(3), 2)),
                unless_null(Cell::median(&figure(4), 1)),
                unless_null(Cell::median(&figure(5), 1)),
            ];
            Row::new(system.id, system.name, cells)
        };
        print(Table {
            title: format!("storm {traffic}, {} entries expire at once, medians of {repeats} run(s)", count(entries)),
            about: About { work: Work::Storm.name().into(), subject: traffic.into(), threads: 2, entries },
            columns: [
                "read ms", "range", "write ms", "range", "gone after s", "memory back s", "bytes/entry", "left after",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows: systems.iter().zip(&runs).map(row).collect(),
            notes: vec![
                "read, write: the longest of each from just before the deadline until the memory is back; without traffic, the \
                 longest of the first ones after that"
                    .to_owned(),
                format!(
                    "gone: but for {STRAGGLERS}; memory back: a quarter is left at most, {} entries of {} being there",
                    count(2 * STEADY),
                    count(entries + 2 * STEADY)
                ),
            ],
        });
    }
    Ok(())
}

/// Measures in a child, with more time for the inserts if it was too short.
fn one(args: &Args, system: &Storming, entries: u64) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut args = args.clone();
    args.ahead_ms = if args.quick { 500 } else { 3000 };
    let most = 8 * args.ahead_ms;
    loop {
        match child::measure(&args, Work::Storm, system.id, 2, entries) {
            Err(error) if args.ahead_ms < most && error.to_string().contains(TOO_LATE) => args.ahead_ms *= 2,
            outcome => return outcome,
        }
    }
}

const TOO_LATE: &str = "the deadline came before all entries were in";

/// One run. The figures are the longest read and write in milliseconds, the seconds from the deadline until the entries
/// are gone and until the memory is released (infinite if that exceeds the wait), and bytes per entry before and in the
/// end.
pub(super) fn child(args: &Args, system: &Storming) -> Result<(), Box<dyn Error>> {
    let entries = args.entries_or(ENTRIES);
    let wait = if args.quick { 1500 } else { 8000 };
    let has_traffic = !args.idle;
    let before = resident();
    let cache = (system.build)();
    let cache = &*cache;
    let is_over = AtomicBool::new(false);
    let has_begun = AtomicBool::new(false);
    let clock = Clock::new();

    let traffic = |writes: bool| {
        let mut pauses = Pauses::new(&clock);
        while !has_begun.load(Relaxed) {
            burst(cache, entries, writes, &mut Pauses::new(&clock));
            thread::sleep(REST);
        }
        while !is_over.load(Relaxed) {
            burst(cache, entries, writes, &mut pauses);
            thread::sleep(REST);
        }
        pauses.longest()
    };
    let traffic = &traffic;

    let figures: Result<[f64; 6], String> = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                cache.upkeep();
                thread::sleep(UPKEEP);
            }
        });
        let deadline = Instant::now() + Duration::from_millis(args.ahead_ms);
        for key in 0..entries {
            cache.put(mixed(key), deadline);
        }
        for key in entries..entries + 2 * STEADY {
            cache.put(mixed(key), Instant::now() + LONG);
        }
        if Instant::now() + Duration::from_millis(200) > deadline {
            is_over.store(true, Relaxed);
            return Err(TOO_LATE.to_owned());
        }
        let threads = has_traffic.then(|| [false, true].map(|writes| scope.spawn(move || traffic(writes))));

        let until = deadline.saturating_duration_since(Instant::now());
        thread::sleep(until.saturating_sub(JUST_BEFORE));
        has_begun.store(true, Relaxed);
        let full = resident().saturating_sub(before);
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        let (mut gone, mut back) = (f64::INFINITY, f64::INFINITY);
        while deadline.elapsed() < Duration::from_millis(wait) && !(gone.is_finite() && back.is_finite()) {
            if gone.is_infinite() && cache.len() <= 2 * STEADY + STRAGGLERS {
                gone = deadline.elapsed().as_secs_f64();
            }
            if back.is_infinite() && per(resident().saturating_sub(before), full) <= BACK {
                back = deadline.elapsed().as_secs_f64();
            }
            thread::sleep(Duration::from_millis(2));
        }
        let left = resident().saturating_sub(before);
        is_over.store(true, Relaxed);
        let longest = match threads {
            Some(threads) => threads.map(|thread| thread.join().expect("no panic")),
            None => [false, true].map(|writes| {
                let mut pauses = Pauses::new(&clock);
                for _ in 0..50 {
                    burst(cache, entries, writes, &mut pauses);
                }
                pauses.longest()
            }),
        };
        Ok([longest[0] / 1e6, longest[1] / 1e6, gone, back, per(full, entries), per(left, entries)])
    });
    child::report(&figures?);
    Ok(())
}

/// Reads or writes of entries that stay, each timed.
fn burst(cache: &dyn Expiring, first: u64, writes: bool, pauses: &mut Pauses) {
    let mut random = seeded(pauses.clock.raw());
    for _ in 0..BURST {
        let number = random.random_range(0..STEADY);
        let began = pauses.clock.raw();
        if writes {
            cache.put(mixed(first + STEADY + number), Instant::now() + LONG);
        } else {
            std::hint::black_box(cache.get(mixed(first + number)));
        }
        let ended = pauses.clock.raw();
        pauses.record(began, ended);
    }
}
