//! How long single inserts take while a map grows from nothing.
//!
//! Each system runs in a process of its own, several times, one after the other.

use super::{Work, count};
use crate::{
    args::Args,
    child,
    entries::Entry,
    stats::{Pauses, Sorted},
    systems::{self, Contender, Role},
    table::{About, Cell, Row, Table},
    turns,
};
use quanta::Clock;
use std::{
    error::Error,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

const THREADS: [usize; 2] = [1, 2];
const REPEATS: usize = 3;

/// The unit of the bar for the usual insert.
const PEER: &str = "dashmap";

/// The number of figures before those of the curve.
const FIXED: usize = 7;

/// The points of the curve: shares of the inserts.
const QUANTILES: [f64; 13] = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 0.997, 0.999, 0.9997, 0.9999, 0.99999];

/// The time of an insert in most systems. The loop without a map runs as long, so that it is interrupted as often.
const USUAL: Duration = Duration::from_nanos(300);

/// A table for each number of threads.
pub(crate) fn run<E: Entry>(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    let (entries, repeats) = (args.entries_or(E::LARGE), args.repeats_or(REPEATS));
    for threads in args.threads_or(&THREADS) {
        let takes_part = |contender: &Contender<E>| {
            contender.role == Role::Floor
                || turns::rivals::<E>(&args.systems, threads).iter().any(|it| it.id == contender.id)
        };
        let contenders: Vec<_> = systems::all::<E>().into_iter().filter(takes_part).collect();
        let what = format!("pauses, {threads} thread(s)");
        let bar = turns::progress(contenders.len() * repeats, &what);
        let mut runs: Vec<Vec<Vec<f64>>> = vec![Vec::new(); contenders.len()];
        for _ in 0..repeats {
            for (contender, runs) in contenders.iter().zip(&mut runs) {
                runs.push(child::measure(args, Work::Pauses, contender.id, threads, entries)?);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        let title = format!("{what}, inserts 0 -> {}, {}, medians of {repeats} run(s)", count(entries), E::NAME);
        let about = About { work: Work::Pauses.name().into(), subject: E::NAME.into(), threads, entries };
        print(table(title, about, &contenders, &runs));
    }
    Ok(())
}

/// One run. The figures are `p50`, `p99`, `p99.9`, `p99.99` and the longest, all in nanoseconds, the number over a
/// millisecond, and the seconds of the run. Then nanoseconds at each of [`QUANTILES`].
pub(super) fn child<E: Entry>(args: &Args, contender: &Contender<E>) {
    let threads = args.threads_or(&[1])[0] as u64;
    let each = args.entries_or(E::LARGE) / threads;
    let system = (contender.build)();
    let clock = Clock::new();
    let start = Barrier::new(args.threads_or(&[1])[0]);
    let run = |thread: u64| {
        let mut pauses = Pauses::new(&clock);
        start.wait();
        let began = Instant::now();
        system.insert_timed(thread * each..(thread + 1) * each, &mut pauses);
        while contender.role == Role::Floor && began.elapsed().as_nanos() < USUAL.as_nanos() * u128::from(each) {
            system.insert_timed(0..1000, &mut pauses);
        }
        (pauses, began.elapsed())
    };
    let run = &run;
    let of_threads: Vec<(Pauses, Duration)> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        handles.into_iter().map(|handle| handle.join().expect("no panic")).collect()
    });
    let mut all = Pauses::new(&clock);
    let mut taken = Duration::ZERO;
    for (pauses, of_thread) in &of_threads {
        all.add(pauses);
        taken = taken.max(*of_thread);
    }
    let quantiles = [0.5, 0.99, 0.999, 0.9999].map(|quantile| all.at(quantile));
    let rest = [all.longest(), all.over_a_millisecond(), taken.as_secs_f64()];
    child::report(&[&quantiles[..], &rest, &QUANTILES.map(|quantile| all.at(quantile))].concat());
}

fn table<E: Entry>(title: String, about: About, contenders: &[Contender<E>], runs: &[Vec<Vec<f64>>]) -> Table {
    let peer = contenders.iter().position(|contender| contender.id == PEER);
    let column = |runs: &[Vec<f64>], figure: usize| -> Vec<f64> { runs.iter().map(|run| run[figure]).collect() };
    let row = |(contender, of): (&Contender<E>, &Vec<Vec<f64>>)| {
        let median = |figure, unit: f64, decimals| {
            Cell::median(&Sorted::new(column(of, figure).iter().map(|value| value / unit)), decimals)
        };
        let to_peer = |figure| match peer {
            Some(peer) => Cell::median(&Sorted::ratios(&column(of, figure), &column(&runs[peer], figure)), 2),
            None => Cell::Empty,
        };
        let longest = Sorted::new(column(of, 4).iter().map(|value| value / 1e6));
        let cells = vec![
            median(0, 1.0, 0),
            to_peer(0),
            median(1, 1.0, 0),
            to_peer(1),
            median(2, 1e3, 1),
            median(3, 1e3, 1),
            Cell::median(&longest, 2),
            Cell::range(longest.range(), 1),
            median(5, 1.0, 0),
            median(6, 1.0, 1),
        ];
        let point = |(place, quantile): (usize, &f64)| (*quantile, Sorted::new(column(of, FIXED + place)).median());
        let mut curve: Vec<(f64, f64)> = QUANTILES.iter().enumerate().map(point).collect();
        curve.push((1.0, Sorted::new(column(of, 4)).median()));
        Row { curve, ..Row::new(contender.id, contender.name, cells) }
    };
    Table {
        title,
        about,
        columns: [
            "p50 ns",
            "to dashmap",
            "p99 ns",
            "to dashmap",
            "p99.9 us",
            "p99.99 us",
            "longest ms",
            "range",
            "over 1 ms",
            "seconds",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: contenders.iter().zip(runs).map(row).collect(),
        notes: Vec::new(),
    }
}
