//! A cache in use, with a capacity, with and without a time to live: a key is looked up, and its entry inserted if it
//! is missing.

use super::{Work, count};
use crate::{
    args::Args,
    caches::{self, Contender, Lifetime},
    entries::Entry,
    script::{BATCH, Requests},
    stats::Sorted,
    systems::Role,
    table::{About, Cell, Row, Table},
    turns::{self, End, Turns},
};

const ENTRIES: u64 = 1_000_000;
const THREADS: [usize; 3] = [1, 2, 4];

/// Requests on one thread before the measurement, for each entry of the capacity, so that every cache is full and its
/// policy has adapted.
const AHEAD: u64 = 10;

/// A table for each number of threads, first with a time to live and then without.
pub(crate) fn run<E: Entry>(args: &Args, print: &mut dyn FnMut(Table)) {
    for lifetime in Lifetime::ALL {
        with_lifetime::<E>(lifetime, args, print);
    }
}

fn with_lifetime<E: Entry>(lifetime: Lifetime, args: &Args, print: &mut dyn FnMut(Table)) {
    let entries = args.entries_or(ENTRIES);
    let capacity = entries / 10;
    for threads in args.threads_or(&THREADS) {
        let takes_part =
            |contender: &Contender<E>| args.systems.is_empty() || args.systems.iter().any(|name| name == contender.id);
        let contenders: Vec<_> = caches::all::<E>(lifetime).into_iter().filter(takes_part).collect();
        let ahead = Requests::zipf(threads + 1, entries).pop().expect("one");
        let keys = Requests::zipf(threads, entries);
        let mut lanes: Vec<_> = contenders
            .iter()
            .map(|contender| {
                let cache = (contender.build)(usize::try_from(capacity).expect("fits"));
                let mut ahead = ahead.clone();
                for _ in 0..AHEAD * capacity / BATCH {
                    cache.batch(&mut ahead);
                }
                (cache, keys.clone())
            })
            .collect();
        let what = format!("{} {}, {threads} thread(s)", Work::GetOrInsert.name(), lifetime.name());
        let turns = turns::interleave(lanes.len(), args.rounds, &what, |lane| {
            let (cache, keys) = &mut lanes[lane];
            turns::take(keys, End::After(args.slice()), |keys| cache.batch(keys))
        });
        let title = format!(
            "{what}, Zipf 0.99 over {} keys, capacity {}, {}, {} rounds",
            count(entries),
            count(capacity),
            E::NAME,
            args.rounds
        );
        let subject = format!("{}, {}", E::NAME, lifetime.name());
        let about = About { work: Work::GetOrInsert.name().into(), subject, threads, entries };
        print(table(title, about, &contenders, &turns));
    }
}

fn table<E: Entry>(title: String, about: About, contenders: &[Contender<E>], turns: &[Turns]) -> Table {
    let median = |turns: &Turns| Sorted::new(turns.rates.iter().copied()).median();
    let peers =
        contenders.iter().zip(turns).filter(|(contender, _)| !contender.is_ours && contender.role != Role::Floor);
    let best = peers.max_by(|(_, one), (_, other)| median(one).total_cmp(&median(other)));
    let row = |(contender, turns): (&Contender<E>, &Turns)| {
        let rates = Sorted::new(turns.rates.iter().copied());
        let mut cells = vec![Cell::median(&rates, 2), Cell::range(rates.range(), 1)];
        match best {
            Some((_, best)) if contender.role != Role::Floor => {
                let ratios = Sorted::ratios(&turns.rates, &best.rates);
                cells.extend([Cell::median(&ratios, 2), Cell::range(ratios.quartiles(), 2)]);
            }
            _ => cells.extend([Cell::Empty, Cell::Empty]),
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio")]
        let misses = turns.noted as f64 / turns.done as f64;
        cells.push(if contender.role == Role::Floor { Cell::Empty } else { Cell::of(100.0 * (1.0 - misses), 1) });
        Row::new(contender.id, contender.name, cells)
    };
    Table {
        title,
        about,
        columns: ["M/s", "range", "to best peer", "quartiles", "hits %"].map(str::to_owned).to_vec(),
        rows: contenders.iter().zip(turns).map(row).collect(),
        notes: best.map(|(best, _)| format!("the best peer here is {}", best.name)).into_iter().collect(),
    }
}
