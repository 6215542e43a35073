//! What is measured: one file per kind of measurement.

mod get_many;
mod instructions;
mod memory;
mod pauses;
mod throughput;

use crate::{
    args::Args,
    entries::Entry,
    machine,
    systems::{self, Contender},
    table::Table,
};
use std::{error::Error, str::FromStr};

/// One row of the bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Hit,
    Increment,
    ReadHeavy,
    Exchange,
    RapidGrow,
    GetMany,
    Pauses,
    Memory,
    Instructions,
}

impl Work {
    pub(crate) const ALL: [Work; 9] = [
        Work::Hit,
        Work::Increment,
        Work::ReadHeavy,
        Work::Exchange,
        Work::RapidGrow,
        Work::GetMany,
        Work::Pauses,
        Work::Memory,
        Work::Instructions,
    ];

    /// What the command line calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Hit => "hit",
            Work::Increment => "increment",
            Work::ReadHeavy => "read-heavy",
            Work::Exchange => "exchange",
            Work::RapidGrow => "rapid-grow",
            Work::GetMany => "get-many",
            Work::Pauses => "pauses",
            Work::Memory => "memory",
            Work::Instructions => "instructions",
        }
    }
}

impl FromStr for Work {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let names = || Work::ALL.map(Work::name).join(", ");
        Work::ALL.into_iter().find(|work| work.name() == name).ok_or_else(|| format!("there are {}", names()))
    }
}

/// Measures all that is asked for and prints each result when it is there.
pub(crate) fn run<E: Entry>(args: &Args) -> Result<(), Box<dyn Error>> {
    check_names::<E>(&args.systems)?;
    if args.child {
        return child::<E>(args);
    }
    if args.works == [Work::Instructions] {
        return instructions::run::<E>(args);
    }
    machine::print(args.quick);
    for &work in &args.works {
        let mut print = |table: Table| println!("{table}");
        match work {
            Work::Hit | Work::Increment | Work::ReadHeavy | Work::Exchange | Work::RapidGrow => {
                throughput::run::<E>(work, args, &mut print);
            }
            Work::GetMany => get_many::run::<E>(args, &mut print),
            Work::Pauses => pauses::run::<E>(args, &mut print)?,
            Work::Memory => memory::run::<E>(args, &mut print)?,
            Work::Instructions => return Err("instructions goes alone".into()),
        }
    }
    Ok(())
}

fn child<E: Entry>(args: &Args) -> Result<(), Box<dyn Error>> {
    let system = only_system::<E>(args)?;
    match args.works.as_slice() {
        [Work::Pauses] => pauses::child(args, &system),
        [Work::Memory] => memory::child(args, &system),
        _ => return Err("a child measures pauses or memory".into()),
    }
    Ok(())
}

/// The one system that is named.
fn only_system<E: Entry>(args: &Args) -> Result<Contender<E>, Box<dyn Error>> {
    match args.systems.as_slice() {
        [name] => Ok(systems::all::<E>().into_iter().find(|system| system.id == name).expect("checked")),
        _ => Err("name one system with --systems".into()),
    }
}

fn check_names<E: Entry>(named: &[String]) -> Result<(), Box<dyn Error>> {
    let ids: Vec<&str> = systems::all::<E>().iter().map(|system| system.id).collect();
    match named.iter().find(|name| !ids.contains(&name.as_str())) {
        Some(name) => Err(format!("no system '{name}' for {}: there are {}", E::NAME, ids.join(", ")).into()),
        None => Ok(()),
    }
}

/// Millions and thousands as one says them.
fn count(entries: u64) -> String {
    match entries {
        n if n.is_multiple_of(1_000_000) => format!("{}M", n / 1_000_000),
        n if n.is_multiple_of(1_000) => format!("{}K", n / 1_000),
        n => n.to_string(),
    }
}
