//! Bytes per entry: of a grown map, at the worst point of the growth, after half of the entries were replaced, and
//! after nearly all were removed.
//!
//! Each system has a process of its own. The resident memory before the map is made is subtracted.

use super::{Work, count};
use crate::{
    args::Args,
    child,
    entries::Entry,
    resident::{per, resident},
    stats::Sorted,
    systems::{self, Contender, Role},
    table::{About, Cell, Row, Table},
    turns,
};
use std::{
    error::Error,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

/// Inserts between two updates of the number of entries.
const STEP: usize = 1000;

pub(crate) fn run<E: Entry>(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    // Memory hardly differs from run to run.
    let (entries, repeats) = (args.entries_or(E::LARGE), args.repeats_or(1));
    let takes_part = |contender: &Contender<E>| {
        contender.role != Role::Floor && (args.systems.is_empty() || turns::is_named(&args.systems, contender))
    };
    let contenders: Vec<_> = systems::all::<E>().into_iter().filter(takes_part).collect();
    let bar = turns::progress(contenders.len() * repeats, "memory");
    let mut rows = Vec::new();
    for contender in &contenders {
        let mut runs = Vec::new();
        for _ in 0..repeats {
            runs.push(child::measure(args, Work::Memory, contender.id, 1, entries)?);
            bar.inc(1);
        }
        let median = |figure: usize, decimals| Cell::median(&Sorted::new(runs.iter().map(|run| run[figure])), decimals);
        let cells =
            vec![median(0, 1), median(1, 1), median(2, 1), median(3, 1), median(4, 1), median(5, 0), median(6, 1)];
        rows.push(Row::new(contender.id, contender.name, cells));
    }
    bar.finish_and_clear();
    print(Table {
        title: format!(
            "memory, {} entries of {} ({} bytes by themselves), bytes per entry, medians of {repeats} run(s)",
            count(entries),
            E::NAME,
            E::BYTES,
        ),
        about: About { work: Work::Memory.name().into(), subject: E::NAME.into(), threads: 1, entries },
        columns: ["grown", "peak", "worst point", "churned", "99% removed", "% of grown", "shrunk"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        notes: Vec::new(),
    });
    Ok(())
}

/// One run. The figures are bytes per entry: of the grown map; at the peak, by the entries at the end; at the worst
/// point, by the entries at that time; with half of them replaced; after the removal. Then per cent of the grown map's
/// memory after the removal, and bytes per entry after a call to shrink, if there is one.
pub(super) fn child<E: Entry>(args: &Args, contender: &Contender<E>) {
    let entries = args.entries_or(E::LARGE);
    let watch = Watch { baseline: AtomicU64::new(0), entries: AtomicU64::new(0), is_over: AtomicBool::new(false) };
    let figures = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch.run(entries / 10));
        // With the watching thread's own memory in it.
        thread::sleep(Duration::from_millis(20));
        watch.baseline.store(resident(), Ordering::Relaxed);

        let system = (contender.build)();
        for first in (0..entries).step_by(STEP) {
            let next = entries.min(first + STEP as u64);
            system.insert(first..next);
            watch.entries.store(next, Ordering::Relaxed);
        }
        watch.is_over.store(true, Ordering::Relaxed);
        let (peak, worst) = watcher.join().expect("no panic");
        let grown = watch.used();
        for first in (0..entries / 2).step_by(STEP) {
            let next = (entries / 2).min(first + STEP as u64);
            system.remove(first..next);
            system.insert(entries + first..entries + next);
        }
        let churned = watch.used();
        // All except the youngest hundredth.
        system.remove(entries / 2..entries + entries / 2 - entries / 100);
        // Some systems release memory a little later, or in a later call.
        thread::sleep(Duration::from_millis(if args.quick { 500 } else { 3000 }));
        let left = watch.used();
        system.shrink();
        [
            per(grown, entries),
            per(peak, entries).max(per(grown, entries)),
            worst,
            per(churned, entries),
            per(left, entries),
            per(left * 100, grown),
            per(watch.used(), entries),
        ]
    });
    child::report(&figures);
}

/// One thread's notes of the other's growth.
struct Watch {
    baseline: AtomicU64,
    entries: AtomicU64,
    is_over: AtomicBool,
}

impl Watch {
    /// Bytes that the map uses.
    fn used(&self) -> u64 {
        resident().saturating_sub(self.baseline.load(Ordering::Relaxed))
    }

    /// The most bytes at any time, and the most per entry from this number of entries on. Below it, fixed costs
    /// dominate.
    fn run(&self, from: u64) -> (u64, f64) {
        let (mut peak, mut worst) = (0, 0.0_f64);
        while !self.is_over.load(Ordering::Relaxed) {
            let entries = self.entries.load(Ordering::Relaxed);
            if entries > 0 {
                let used = self.used();
                peak = peak.max(used);
                if entries >= from {
                    worst = worst.max(per(used, entries));
                }
            }
            thread::sleep(Duration::from_micros(500));
        }
        (peak, worst)
    }
}
