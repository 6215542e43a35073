//! Operations per second, by the number of threads.

use super::{Work, count};
use crate::{
    args::Args,
    driver::Driver,
    entries::Entry,
    mix::{EXCHANGE, RAPID_GROW, READ_HEAVY, Shares},
    script::Script,
    stats::Sorted,
    systems::Contender,
    table::{Cell, Row, Table},
    turns::{self, End, Turns},
};

const ENTRIES: u64 = 1_000_000;
const THREADS: [usize; 4] = [1, 2, 4, 8];

/// A table for each number of threads.
pub(crate) fn run<E: Entry>(work: Work, args: &Args, print: &mut dyn FnMut(Table)) {
    let entries = args.entries_or(ENTRIES);
    for threads in args.threads_or(&THREADS) {
        let contenders = turns::rivals::<E>(&args.systems, threads);
        let scripts = match work {
            Work::Hit => Script::hits(threads, entries),
            Work::Increment => Script::increments(threads, entries),
            Work::ReadHeavy => Script::mixes(READ_HEAVY, threads, entries),
            Work::Exchange => Script::mixes(EXCHANGE, threads, entries),
            _ => Script::mixes(RAPID_GROW, threads, entries),
        };
        let what = format!("{}, {threads} thread(s)", work.name());
        let turns = match work {
            Work::RapidGrow => growing(&contenders, &scripts, entries, args, &what),
            _ => lasting(&contenders, &scripts, entries, args, &what),
        };
        let of = match shares(work) {
            Some(_) => format!("{} entries at most", count(entries.next_power_of_two())),
            None => format!("{} entries", count(entries)),
        };
        let title = format!("{what}, {}, {of}, {} rounds", E::NAME, args.rounds);
        print(table(title, &contenders, &turns));
    }
}

fn shares(work: Work) -> Option<Shares> {
    match work {
        Work::ReadHeavy => Some(READ_HEAVY),
        Work::Exchange => Some(EXCHANGE),
        Work::RapidGrow => Some(RAPID_GROW),
        _ => None,
    }
}

/// Each system has one map, and each thread goes on where it was.
fn lasting<E: Entry>(
    contenders: &[Contender<E>],
    scripts: &[Script],
    entries: u64,
    args: &Args,
    what: &str,
) -> Vec<Turns> {
    let mut lanes: Vec<(Box<dyn Driver<E>>, Vec<Script>)> =
        contenders.iter().map(|contender| (filled(contender, scripts, entries), scripts.to_vec())).collect();
    turns::interleave(lanes.len(), args.rounds, what, |lane| {
        let (system, scripts) = &mut lanes[lane];
        turns::take(&**system, scripts, End::After(args.slice()))
    })
}

/// A new map for each turn, which lasts until the same work is done. Making and dropping it is not measured.
fn growing<E: Entry>(
    contenders: &[Contender<E>],
    scripts: &[Script],
    entries: u64,
    args: &Args,
    what: &str,
) -> Vec<Turns> {
    let operations = entries.next_power_of_two() / scripts.len() as u64;
    turns::interleave(contenders.len(), args.rounds, what, |lane| {
        let system = (contenders[lane].build)();
        turns::take(&*system, &mut scripts.to_vec(), End::Done(operations))
    })
}

/// A map with what the scripts expect in it.
fn filled<E: Entry>(contender: &Contender<E>, scripts: &[Script], entries: u64) -> Box<dyn Driver<E>> {
    let system = (contender.build)();
    match scripts {
        [Script::Mix(_), ..] => {
            for script in scripts {
                if let Script::Mix(mix) = script {
                    system.insert(mix.prefilled());
                }
            }
        }
        _ => system.insert(0..entries),
    }
    system
}

fn table<E: Entry>(title: String, contenders: &[Contender<E>], turns: &[Turns]) -> Table {
    let to = &turns[turns::baseline(contenders)].rates;
    let row = |(contender, turns): (&Contender<E>, &Turns)| {
        let (rates, ratios) = (Sorted::new(turns.rates.iter().copied()), Sorted::ratios(&turns.rates, to));
        let cells = vec![
            Cell::median(&rates, 2),
            Cell::Range(rates.range(), 1),
            Cell::median(&ratios, 2),
            Cell::Range(ratios.quartiles(), 2),
        ];
        Row { system: contender.name, cells }
    };
    Table {
        title,
        columns: &["M/s", "range", "to hand", "quartiles"],
        rows: contenders.iter().zip(turns).map(row).collect(),
        notes: wrong(contenders, turns),
    }
}

/// Says which systems gave wrong answers: their rates mean nothing then.
pub(super) fn wrong<'a, E: Entry>(
    contenders: impl IntoIterator<Item = &'a Contender<E>>,
    turns: &[Turns],
) -> Vec<String> {
    let wrong = contenders.into_iter().zip(turns).filter(|(_, turns)| turns.wrong > 0);
    wrong.map(|(contender, turns)| format!("{} gave {} WRONG ANSWERS", contender.name, turns.wrong)).collect()
}
