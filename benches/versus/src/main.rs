//! sharded beside its rivals, in one run.
//!
//! `cargo run --release -p sharded-versus -- --help` says what can be measured; the README beside `Cargo.toml` says how to
//! read it.
//!
//! | file | what is in it |
//! |---|---|
//! | `args.rs` | what is to be measured |
//! | `machine.rs` | on what, and how quiet it is |
//! | `entries.rs` | what the maps hold: integers or strings |
//! | `systems/` | the maps, one file each, and the list of them |
//! | `caches/` | what expires or evicts, likewise |
//! | `script.rs`, `mix.rs`, `random.rs` | what a thread does to a map: which operation on which key |
//! | `driver.rs` | the loops that do it, compiled for each map |
//! | `turns.rs` | who takes which turn |
//! | `work/` | the measurements, one file each |
//! | `child.rs` | measurements that need a process of their own |
//! | `resident.rs`, `stats.rs`, `table.rs` | what comes of it |
//! | `report/` | what is kept of it, and drawn |
//! | `tests.rs` | that every system answers as it must |

mod args;
mod caches;
mod child;
mod driver;
mod entries;
mod machine;
mod mix;
mod random;
mod report;
mod resident;
mod script;
mod stats;
mod systems;
mod table;
#[cfg(test)]
mod tests;
mod turns;
mod work;

use args::{Args, Request};
use entries::{Integers, Keys, Strings};
use machine::{Machine, Stolen};
use report::{Report, Run};
use std::{error::Error, process::ExitCode};
use table::Table;

fn main() -> ExitCode {
    let request = match Args::parse() {
        Ok(request) => request,
        Err(error) => {
            eprintln!("sharded-versus: {error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    let outcome = match request {
        Request::Help => {
            print!("{}", args::HELP);
            Ok(())
        }
        Request::Report(from, output) => Report::read(&from).and_then(|report| report.write(&output)),
        Request::Measure(args) if args.child => match args.keys {
            Keys::Integers => work::child::<Integers>(&args),
            Keys::Strings => work::child::<Strings>(&args),
        },
        Request::Measure(args) => measure(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sharded-versus: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints each result when it is there, and keeps all in the end.
fn measure(args: &Args) -> Result<(), Box<dyn Error>> {
    // What can't be read is better known now than in a quarter of an hour.
    let mut report = Report::to_go_on(args.output.json.as_ref())?;
    let mut run = Run::new(Machine::look(args.quick));
    println!("{}\n", run.machine);
    let mut stolen = Stolen::new();
    let mut keep = |mut table: Table| {
        if let Some(percent) = stolen.percent() {
            table.notes.push(format!("stolen by the host meanwhile: {percent:.2} % of the processors' time"));
        }
        println!("{table}");
        run.tables.push(table);
    };
    let outcome = match args.keys {
        Keys::Integers => work::run::<Integers>(args, &mut keep),
        Keys::Strings => work::run::<Strings>(args, &mut keep),
    };
    // What was measured before something failed is kept.
    report.add(run);
    report.write(&args.output)?;
    outcome
}
