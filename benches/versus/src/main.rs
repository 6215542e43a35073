//! sharded beside its rivals, in one run.
//!
//! `cargo run --release -p sharded-versus -- --help` lists the measurements. The README beside `Cargo.toml` says how to
//! read the results.
//!
//! | file | what is in it |
//! |---|---|
//! | `args.rs` | the command line |
//! | `machine.rs` | the machine, and its noise |
//! | `entries.rs` | the entries: integers or strings |
//! | `systems/` | the maps, one file each, and the list of them |
//! | `caches/` | the caches, one file each, and the list of them |
//! | `banks/` | the banks, one file each, and the list of them |
//! | `script.rs`, `mix.rs`, `random.rs` | the operations and keys of a thread |
//! | `driver.rs` | the measured loops, compiled for each map |
//! | `turns.rs` | the contenders and their turns |
//! | `work/` | the measurements, one file each |
//! | `child.rs` | measurements that need a process of their own |
//! | `resident.rs`, `stats.rs`, `table.rs` | memory, latencies, and tables of results |
//! | `report/` | the results in a file, the report, and the README's table |
//! | `tests.rs` | tests of the answers of all systems |

mod args;
mod banks;
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

/// Prints each result when it is known, and writes all of them in the end.
fn measure(args: &Args) -> Result<(), Box<dyn Error>> {
    // Fails now rather than after the measurement, if the file can't be read.
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
    // Results are kept even if a later measurement fails.
    report.add(run);
    report.write(&args.output)?;
    outcome
}
