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
    table::{About, Cell, Row, Table},
    turns::{self, End, Turns},
};

const ENTRIES: u64 = 1_000_000;
/// So few that all threads read the same lines, from their own caches.
const HOT: u64 = 100;

/// A table for each number of threads.
pub(crate) fn run<E: Entry>(work: Work, args: &Args, print: &mut dyn FnMut(Table)) {
    let entries = if work == Work::HitHot { HOT } else { args.entries_or(ENTRIES) };
    for threads in args.threads_or(&by_cores()) {
        let contenders = turns::rivals::<E>(&args.systems, threads);
        let scripts = match work {
            Work::Hit | Work::HitHot => Script::hits(threads, entries),
            Work::HitZipf => Script::zipf_hits(threads, entries),
            Work::HalfIncrement => Script::half_increments(threads, entries),
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
        let about = About { work: work.name().into(), subject: E::NAME.into(), threads, entries };
        print(table(title, about, &contenders, &turns));
    }
}

/// The thread counts. Sixteen is among them with more than eight cores.
fn by_cores() -> Vec<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    [1, 2, 4, 8, 16].into_iter().filter(|&threads| threads <= 8 || cores > 8).collect()
}

fn shares(work: Work) -> Option<Shares> {
    match work {
        Work::ReadHeavy => Some(READ_HEAVY),
        Work::Exchange => Some(EXCHANGE),
        Work::RapidGrow => Some(RAPID_GROW),
        _ => None,
    }
}

/// Each system has one map, and each thread continues in the next turn.
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
        turns::take(scripts, End::After(args.slice()), |script| system.batch(script))
    })
}

/// Each turn has a new map and ends after the same number of operations. Making and dropping the map is not measured.
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
        turns::take(&mut scripts.to_vec(), End::Done(operations), |script| system.batch(script))
    })
}

/// A map with the entries that the scripts expect.
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

fn table<E: Entry>(title: String, about: About, contenders: &[Contender<E>], turns: &[Turns]) -> Table {
    let to = &turns[turns::baseline(contenders)].rates;
    let row = |(contender, turns): (&Contender<E>, &Turns)| {
        let (rates, ratios) = (Sorted::new(turns.rates.iter().copied()), Sorted::ratios(&turns.rates, to));
        let cells = vec![
            Cell::median(&rates, 2),
            Cell::range(rates.range(), 1),
            Cell::median(&ratios, 2),
            Cell::range(ratios.quartiles(), 2),
        ];
        Row::new(contender.id, contender.name, cells)
    };
    Table {
        title,
        about,
        columns: ["M/s", "range", "to hand", "quartiles"].map(str::to_owned).to_vec(),
        rows: contenders.iter().zip(turns).map(row).collect(),
        notes: wrong(contenders, turns),
    }
}

/// Notes the systems that gave wrong answers. Their rates mean nothing.
pub(super) fn wrong<'a, E: Entry>(
    contenders: impl IntoIterator<Item = &'a Contender<E>>,
    turns: &[Turns],
) -> Vec<String> {
    let wrong = contenders.into_iter().zip(turns).filter(|(_, turns)| turns.noted > 0);
    wrong.map(|(contender, turns)| format!("{} gave {} WRONG ANSWERS", contender.name, turns.noted)).collect()
}
