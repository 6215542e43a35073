//! The measurements, one file per kind.

mod batches;
mod build_time;
mod flags;
mod get_or_insert;
mod hit_ratio;
mod instructions;
mod memory;
mod pauses;
mod storm;
mod throughput;
mod transfers;

use crate::{
    args::Args,
    banks,
    caches::{self, Lifetime},
    entries::Entry,
    systems::{self, Contender},
    table::Table,
};
use std::{error::Error, str::FromStr};

/// A kind of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Hit,
    HitZipf,
    HitHot,
    HalfIncrement,
    Increment,
    ReadHeavy,
    Exchange,
    RapidGrow,
    GetMany,
    InsertMany,
    ExchangeMany,
    GetOrInsert,
    Transfers,
    Pauses,
    Flags,
    Memory,
    Storm,
    HitRatio,
    Instructions,
    BuildTime,
}

impl Work {
    pub(crate) const ALL: [Work; 20] = [
        Work::Hit,
        Work::HitZipf,
        Work::HitHot,
        Work::HalfIncrement,
        Work::Increment,
        Work::ReadHeavy,
        Work::Exchange,
        Work::RapidGrow,
        Work::GetMany,
        Work::InsertMany,
        Work::ExchangeMany,
        Work::GetOrInsert,
        Work::Transfers,
        Work::Pauses,
        Work::Flags,
        Work::Memory,
        Work::Storm,
        Work::HitRatio,
        Work::Instructions,
        Work::BuildTime,
    ];

    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Hit => "hit",
            Work::HitZipf => "hit-zipf",
            Work::HitHot => "hit-hot",
            Work::HalfIncrement => "half-increment",
            Work::Increment => "increment",
            Work::ReadHeavy => "read-heavy",
            Work::Exchange => "exchange",
            Work::RapidGrow => "rapid-grow",
            Work::GetMany => "get-many",
            Work::InsertMany => "insert-many",
            Work::ExchangeMany => "exchange-many",
            Work::Pauses => "pauses",
            Work::Flags => "flags",
            Work::GetOrInsert => "get-or-insert",
            Work::Transfers => "transfers",
            Work::Memory => "memory",
            Work::Storm => "storm",
            Work::HitRatio => "hit-ratio",
            Work::Instructions => "instructions",
            Work::BuildTime => "build-time",
        }
    }

    /// Whether it runs if none is named. Works that need other programs or files do not, nor do works that do not
    /// depend on the kind of entry.
    pub(crate) fn is_usual(self) -> bool {
        !matches!(self, Work::HitRatio | Work::Instructions | Work::BuildTime)
    }
}

impl FromStr for Work {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let names = || Work::ALL.map(Work::name).join(", ");
        Work::ALL.into_iter().find(|work| work.name() == name).ok_or_else(|| format!("there are {}", names()))
    }
}

/// Makes the requested measurements, and passes each result on.
pub(crate) fn run<E: Entry>(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    check_names::<E>(&args.systems)?;
    for &work in &args.works {
        match work {
            Work::Hit
            | Work::HitZipf
            | Work::HitHot
            | Work::HalfIncrement
            | Work::Increment
            | Work::ReadHeavy
            | Work::Exchange
            | Work::RapidGrow => {
                throughput::run::<E>(work, args, print);
            }
            Work::GetMany | Work::InsertMany | Work::ExchangeMany => batches::run::<E>(work, args, print),
            Work::GetOrInsert => get_or_insert::run::<E>(args, print),
            Work::Transfers => transfers::run(args, print),
            Work::Pauses => pauses::run::<E>(args, print)?,
            Work::Flags => flags::run::<E>(args, print),
            Work::Memory => memory::run::<E>(args, print)?,
            Work::Storm => storm::run(args, print)?,
            Work::HitRatio => hit_ratio::run(args, print)?,
            Work::Instructions => instructions::run::<E>(args, print)?,
            Work::BuildTime => build_time::run(args, print)?,
        }
    }
    Ok(())
}

/// Makes one measurement for the process that started this one.
pub(crate) fn child<E: Entry>(args: &Args) -> Result<(), Box<dyn Error>> {
    let ([work], [name]) = (args.works.as_slice(), args.systems.as_slice()) else {
        return Err("a child does one work with one system".into());
    };
    match work {
        Work::Pauses => pauses::child(args, &map::<E>(name)?),
        Work::Memory => memory::child(args, &map::<E>(name)?),
        Work::Storm => {
            let of_name = caches::storming().into_iter().find(|system| system.id == name);
            storm::child(args, &of_name.ok_or("no such system in the storm")?)?;
        }
        Work::Instructions => instructions::child::<E>(args, name)?,
        _ => return Err(format!("{} needs no child", work.name()).into()),
    }
    Ok(())
}

/// The map of this name.
fn map<E: Entry>(name: &str) -> Result<Contender<E>, Box<dyn Error>> {
    let of_name = systems::all::<E>().into_iter().find(|system| system.id == name);
    of_name.ok_or_else(|| format!("no map '{name}'").into())
}

fn check_names<E: Entry>(named: &[String]) -> Result<(), Box<dyn Error>> {
    let mut ids: Vec<&str> = systems::all::<E>().iter().map(|system| system.id).collect();
    for cache in Lifetime::ALL.into_iter().flat_map(caches::all::<E>) {
        if !ids.contains(&cache.id) {
            ids.push(cache.id);
        }
    }
    ids.extend(banks::all().iter().map(|bank| bank.id).filter(|id| !ids.contains(id)).collect::<Vec<_>>());
    // By its own name where it is built.
    ids.push("sharded");
    match named.iter().find(|name| !ids.contains(&name.as_str())) {
        Some(name) => Err(format!("no system '{name}' for {}: there are {}", E::NAME, ids.join(", ")).into()),
        None => Ok(()),
    }
}

/// A number in millions or thousands.
fn count(entries: u64) -> String {
    match entries {
        n if n.is_multiple_of(1_000_000) => format!("{}M", n / 1_000_000),
        n if n.is_multiple_of(1_000) => format!("{}K", n / 1_000),
        n => n.to_string(),
    }
}
