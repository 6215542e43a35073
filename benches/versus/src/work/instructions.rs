//! Instructions per operation on one thread, counted by callgrind. They have no noise, and do not show cache misses or
//! waiting.
//!
//! The count of a run with N operations is subtracted from that of a run with 2 N, which removes the costs of a start.
//! Then the cost of the loop is subtracted, as measured on a system that does nothing.

use super::{Work, count, map};
use crate::{
    args::Args,
    banks::{self, Kind, Orders},
    caches::{self, Lifetime},
    entries::Entry,
    mix::EXCHANGE,
    script::{BATCH, Requests, Script},
    stats::Sorted,
    systems::{self, Role},
    table::{About, Cell, Row, Table},
    turns,
};
use std::{env, error::Error, fs, process::Command};

/// Few, because callgrind is slow. The length of a search does not depend on it.
const ENTRIES: u64 = 20_000;

/// Operations of the shorter run, a multiple of the batch.
const OPERATIONS: u64 = 320 * BATCH;

/// The operations of maps.
const OF_MAPS: [&str; 3] = ["hit", "increment", "exchange"];
/// The operations of caches: a present key, and a missing one, for which another entry leaves.
const OF_CACHES: [&str; 2] = ["found", "missing"];
/// The operations of caches without a time to live.
const OF_LASTING_CACHES: [&str; 2] = ["found-lasting", "missing-lasting"];

pub(super) fn run<E: Entry>(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    let asked = |id: &str| args.systems.is_empty() || args.systems.iter().any(|name| name == id);
    let maps: Vec<_> = systems::all::<E>()
        .into_iter()
        .filter(|it| {
            asked(it.id) && !matches!(it.role, Role::Floor) && (it.role != Role::Expiring || !args.systems.is_empty())
        })
        .map(|it| (it.id, it.name))
        .collect();
    let [expiring, lasting] = Lifetime::ALL.map(|lifetime| -> Vec<_> {
        let all = caches::all::<E>(lifetime).into_iter().filter(|it| asked(it.id) && it.role != Role::Floor);
        all.map(|it| (it.id, it.name)).collect()
    });
    let banks: Vec<_> = banks::all()
        .into_iter()
        .filter(|it| asked(it.id) && it.role != Role::Floor)
        .map(|it| (it.id, it.name))
        .collect();
    for (what, operations, systems) in [
        ("map", &OF_MAPS[..], maps),
        ("cache with a ttl", &OF_CACHES[..], expiring),
        ("cache without a ttl", &OF_LASTING_CACHES[..], lasting),
        ("bank", &Kind::ALL.map(Kind::name)[..], banks),
    ] {
        if !systems.is_empty() {
            print(table::<E>(args, what, operations, &systems)?);
        }
    }
    Ok(())
}

fn table<E: Entry>(
    args: &Args,
    what: &str,
    operations: &[&str],
    systems: &[(&str, &str)],
) -> Result<Table, Box<dyn Error>> {
    let entries = args.entries_or(ENTRIES);
    let bar = turns::progress((systems.len() + 1) * operations.len(), "instructions");
    let mut loops = Vec::new();
    for operation in operations {
        loops.push(count_one(args, "null", operation)?);
        bar.inc(1);
    }
    let mut rows = Vec::new();
    for (id, name) in systems {
        let mut cells = Vec::new();
        for (operation, of_loop) in operations.iter().zip(&loops) {
            cells.push(Cell::of(count_one(args, id, operation)? - of_loop, 0));
            bar.inc(1);
        }
        rows.push(Row::new(id, name, cells));
    }
    bar.finish_and_clear();
    let loops = Sorted::new(loops).range();
    Ok(Table {
        title: format!("instructions per operation of a {what}, {} entries, {}, one thread", count(entries), E::NAME),
        about: About {
            work: Work::Instructions.name().into(),
            subject: format!("{what}, {}", E::NAME),
            threads: 1,
            entries,
        },
        columns: operations.iter().map(|name| name.trim_end_matches("-lasting").to_owned()).collect(),
        rows,
        notes: vec![format!("without the loop around them: {:.0} to {:.0} instructions", loops.0, loops.1)],
    })
}

/// Instructions of one operation, including the loop.
fn count_one(args: &Args, system: &str, operation: &str) -> Result<f64, Box<dyn Error>> {
    let counts = [1, 2].map(|times| whole_run(args, system, operation, times * OPERATIONS));
    let [one, two] = counts;
    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    let difference = two?.saturating_sub(one?) as f64;
    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    Ok(difference / OPERATIONS as f64)
}

fn whole_run(args: &Args, system: &str, operation: &str, operations: u64) -> Result<u64, Box<dyn Error>> {
    let log = env::temp_dir().join(format!("sharded-versus-{}.log", std::process::id()));
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", log.display()))
        .arg(env::current_exe()?)
        .args(["instructions", "--child", "--systems", system, "--keys", args.keys.name(), "--operation", operation])
        .args(["--operations", &operations.to_string(), "--entries", &args.entries_or(ENTRIES).to_string()])
        .status()
        .map_err(|error| format!("can't run valgrind: {error}"))?;
    let text = fs::read_to_string(&log)?;
    fs::remove_file(&log)?;
    if !status.success() {
        return Err(format!("{operation} of {system} failed under valgrind: {text}").into());
    }
    let counted = text.lines().find_map(|line| line.split_once("Collected :")).ok_or("valgrind said no number")?;
    Ok(counted.1.trim().parse()?)
}

/// Does the operations.
pub(super) fn child<E: Entry>(args: &Args, name: &str) -> Result<(), Box<dyn Error>> {
    let entries = args.entries_or(ENTRIES);
    let batches = args.operations / BATCH;
    let operation = args.operation.as_str();
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == operation) {
        let contender = banks::all().into_iter().find(|it| it.id == name).ok_or("no such bank")?;
        let bank = (contender.build)(entries);
        let mut orders = Orders::for_threads(kind, 1, entries).remove(0);
        return match (0..batches).map(|_| bank.batch(&mut orders)).sum::<u64>() {
            0 => Ok(()),
            wrong => Err(format!("{wrong} wrong answers").into()),
        };
    }
    let of_lifetime = [(Lifetime::Limited, OF_CACHES), (Lifetime::Unlimited, OF_LASTING_CACHES)];
    if let Some((lifetime, [found, _])) = of_lifetime.into_iter().find(|(_, all)| all.contains(&operation)) {
        let contender = caches::all::<E>(lifetime).into_iter().find(|it| it.id == name).ok_or("no such cache")?;
        let cache = (contender.build)(usize::try_from(entries)?);
        // Half of the capacity is surely kept, twice of it fills all shards.
        let (fill, mut requests) = if operation == found {
            (entries / 2, Requests::among(entries / 2))
        } else {
            (2 * entries, Requests::Fresh(2 * entries))
        };
        let mut fresh = Requests::Fresh(0);
        // From 1 on; 0 is among what is asked for, too, and missing once.
        for _ in 0..=fill / BATCH {
            cache.batch(&mut fresh);
        }
        for _ in 0..batches {
            cache.batch(&mut requests);
        }
        return Ok(());
    }
    let system = (map::<E>(name)?.build)();
    let mut script = match operation {
        "increment" => Script::increments(1, entries),
        "exchange" => Script::mixes(EXCHANGE, 1, entries),
        _ => Script::hits(1, entries),
    }
    .remove(0);
    match &script {
        Script::Mix(mix) => system.insert(mix.prefilled()),
        _ => system.insert(0..entries),
    }
    match (0..batches).map(|_| system.batch(&mut script)).sum::<u64>() {
        0 => Ok(()),
        // What is no map can't answer a mixture.
        _ if name == "null" => Ok(()),
        wrong => Err(format!("{wrong} wrong answers").into()),
    }
}
