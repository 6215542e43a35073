//! A small map that all read all the time, and whose values one thread replaces, all of them, every second: how long
//! single reads take.
//!
//! The systems take turns, several times. The loop without a map shows how often the machine interrupts a reader.

use super::{Work, count};
use crate::{
    args::Args,
    driver::Driver,
    entries::Entry,
    stats::{Pauses, Sorted},
    systems::{self, Contender, Role},
    table::{About, Cell, Row, Table},
    turns,
};
use quanta::Clock;
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

const KEYS: u64 = 1000;
const THREADS: [usize; 2] = [1, 2];
const REPEATS: usize = 5;

/// From one replacement of all values to the next, and how often.
const EVERY: Duration = Duration::from_secs(1);
const TIMES: u32 = 2;

/// A table for each number of readers.
pub(crate) fn run<E: Entry>(args: &Args, print: &mut dyn FnMut(Table)) {
    let repeats = args.repeats_or(REPEATS);
    for threads in args.threads_or(&THREADS) {
        let takes_part = |contender: &Contender<E>| {
            contender.role == Role::Floor || turns::rivals::<E>(&args.systems, 2).iter().any(|it| it.id == contender.id)
        };
        let contenders: Vec<_> = systems::all::<E>().into_iter().filter(takes_part).collect();
        let what = format!("flags, {threads} reader(s)");
        let bar = turns::progress(contenders.len() * repeats, &what);
        let mut runs: Vec<Vec<Reads>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..repeats {
            for (contender, runs) in contenders.iter().zip(&mut runs) {
                runs.push(reads(&*(contender.build)(), threads, if args.quick { EVERY / 20 } else { EVERY }));
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        let title = format!(
            "{what}, {} keys, all replaced every second, {}, medians of {repeats} run(s)",
            count(KEYS),
            E::NAME
        );
        let about = About { work: Work::Flags.name().into(), subject: E::NAME.into(), threads, entries: KEYS };
        print(table(title, about, &contenders, &runs));
    }
}

/// The reads of a run: nanoseconds that the usual one, one in a hundred thousand and the longest took.
struct Reads {
    usual: f64,
    rare: f64,
    longest: f64,
    millions: f64,
}

fn reads<E: Entry>(system: &dyn Driver<E>, threads: usize, every: Duration) -> Reads {
    system.insert(0..KEYS);
    let (clock, is_over) = (Clock::new(), AtomicBool::new(false));
    let began = Instant::now();
    let mut all = Pauses::new(&clock);
    let mut done = 0;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let (mut pauses, mut done) = (Pauses::new(&clock), 0);
                    while !is_over.load(Relaxed) {
                        system.get_timed(0..KEYS, &mut pauses);
                        done += KEYS;
                    }
                    (pauses, done)
                })
            })
            .collect();
        // Half a time before the first replacement and after the last one.
        thread::sleep(every / 2);
        for _ in 0..TIMES {
            system.insert(0..KEYS);
            thread::sleep(every);
        }
        is_over.store(true, Relaxed);
        for reader in readers {
            let (pauses, of_thread) = reader.join().expect("no panic");
            all.add(&pauses);
            done += of_thread;
        }
    });
    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    let millions = done as f64 / 1e6 / began.elapsed().as_secs_f64();
    Reads { usual: all.at(0.5), rare: all.at(0.99999), longest: all.longest(), millions }
}

fn table<E: Entry>(title: String, about: About, contenders: &[Contender<E>], runs: &[Vec<Reads>]) -> Table {
    let row = |(contender, of): (&Contender<E>, &Vec<Reads>)| {
        let longest = Sorted::new(of.iter().map(|reads| reads.longest / 1e3));
        let cells = vec![
            Cell::median(&Sorted::new(of.iter().map(|reads| reads.usual)), 0),
            Cell::median(&Sorted::new(of.iter().map(|reads| reads.rare / 1e3)), 2),
            Cell::median(&longest, 1),
            Cell::range(longest.range(), 1),
            Cell::median(&Sorted::new(of.iter().map(|reads| reads.millions)), 2),
        ];
        Row::new(contender.id, contender.name, cells)
    };
    Table {
        title,
        about,
        columns: ["p50 ns", "p99.999 us", "longest us", "range", "M/s"].map(str::to_owned).to_vec(),
        rows: contenders.iter().zip(runs).map(row).collect(),
        notes: Vec::new(),
    }
}
