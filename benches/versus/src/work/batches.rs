//! A batch of keys in one call beside as many single calls, in a table that exceeds every processor cache.

use super::{Work, count, throughput::wrong};
use crate::{
    args::Args,
    driver::Driver,
    entries::Entry,
    script::{Group, MANY, Script},
    stats::Sorted,
    systems::{BASELINE, Contender},
    table::{About, Cell, Row, Table},
    turns::{self, End, Turns},
};

/// A table for each number of threads. One thread if none is requested.
pub(crate) fn run<E: Entry>(work: Work, args: &Args, print: &mut dyn FnMut(Table)) {
    let group = match work {
        Work::InsertMany => Group::Insert,
        Work::ExchangeMany => Group::Exchange,
        _ => Group::Get,
    };
    let entries = args.entries_or(E::LARGE);
    for threads in args.threads_or(&[1]) {
        // The tables are large. Systems without such a call are here only when they are named.
        let mut contenders = turns::rivals::<E>(&args.systems, threads);
        contenders.retain(|it| it.has_batches || it.id == BASELINE || turns::is_named(&args.systems, it));
        let systems: Vec<Box<dyn Driver<E>>> = contenders.iter().map(|contender| (contender.build)()).collect();
        for system in &systems {
            system.insert(0..entries);
        }

        // Each system has two lanes: single calls, then batches where it has them.
        let mut lanes: Vec<(usize, Vec<Script>)> = Vec::new();
        for (system, contender) in contenders.iter().enumerate() {
            lanes.push((system, Script::groups(group, false, threads, entries)));
            if contender.has_batches {
                lanes.push((system, Script::groups(group, true, threads, entries)));
            }
        }
        let what = format!("{}, {threads} thread(s)", work.name());
        let turns = turns::interleave(lanes.len(), args.rounds, &what, |lane| {
            let (system, scripts) = &mut lanes[lane];
            turns::take(scripts, End::After(args.slice()), |script| systems[*system].batch(script))
        });
        let title = format!("{what}, {MANY} keys of {} entries, {}, {} rounds", count(entries), E::NAME, args.rounds);
        let of: Vec<usize> = lanes.iter().map(|&(system, _)| system).collect();
        let about = About { work: work.name().into(), subject: E::NAME.into(), threads, entries };
        print(table(title, about, &contenders, &of, &turns));
    }
}

/// The turns of a system are those of its lanes.
fn table<E: Entry>(title: String, about: About, contenders: &[Contender<E>], of: &[usize], turns: &[Turns]) -> Table {
    let lanes =
        |system: usize| of.iter().zip(turns).filter(move |&(&owner, _)| owner == system).map(|(_, turns)| turns);
    let nanoseconds = |turns: &Turns| -> Vec<f64> { turns.rates.iter().map(|rate| 1e3 / rate).collect() };
    let hand: Vec<f64> = lanes(turns::baseline(contenders)).take(1).flat_map(nanoseconds).collect();
    let row = |(system, contender): (usize, &Contender<E>)| {
        let mut lanes = lanes(system).map(nanoseconds);
        let single = lanes.next().unwrap_or_default();
        let mut cells = vec![
            Cell::median(&Sorted::new(single.iter().copied()), 1),
            Cell::median(&Sorted::ratios(&single, &hand), 2),
        ];
        match lanes.next() {
            Some(many) => {
                let ratios = Sorted::ratios(&many, &single);
                cells.push(Cell::median(&Sorted::new(many), 1));
                cells.push(Cell::median(&ratios, 2));
                cells.push(Cell::range(ratios.quartiles(), 2));
            }
            None => cells.extend([Cell::Empty, Cell::Empty, Cell::Empty]),
        }
        Row::new(contender.id, contender.name, cells)
    };
    Table {
        title,
        about,
        columns: ["single ns", "to hand", "many ns", "to single", "quartiles"].map(str::to_owned).to_vec(),
        rows: contenders.iter().enumerate().map(row).collect(),
        notes: wrong(of.iter().map(|&system| &contenders[system]), turns),
    }
}
