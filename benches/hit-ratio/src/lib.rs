//! How often a cache has what it is asked for: sharded beside other libraries, models of published policies, and the
//! optimum, over recorded and made-up traces.
//!
//! `cargo run --release -p sharded-hit-ratio -- --help` says what can be asked for; the README beside `Cargo.toml` says
//! how to read it.
//!
//! | file | what is in it |
//! |---|---|
//! | `args.rs` | what is to be measured |
//! | `trace.rs` | recorded requests, read from files |
//! | `synthetic.rs`, `random.rs` | made-up requests |
//! | `systems/` | the caches that are real: this library and others, one file each, and the list of all systems |
//! | `models/` | policies without a cache around them, one file each, and Duo, which is a proposal |
//! | `belady.rs` | the optimum |
//! | `links.rs` | lists over small numbers, for the models |
//! | `measure.rs` | who hits how often |
//! | `table.rs`, `plot.rs` | what is printed and drawn |
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "keys are numbered from zero and far below 2^32, and a ratio needs no more than a float has"
)]

mod args;
mod belady;
mod links;
mod measure;
mod models;
mod plot;
mod random;
mod synthetic;
mod systems;
mod table;
mod trace;

use args::{Args, Request};
use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};
use trace::Trace;

/// Measures what the command line asks for, prints it, and draws the plots.
#[must_use]
pub fn run() -> ExitCode {
    let args = match Args::parse() {
        Ok(Request::Measure(args)) => args,
        Ok(Request::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("sharded-hit-ratio: {error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sharded-hit-ratio: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<(), Box<dyn Error>> {
    let systems = systems::named(&args.systems)?;
    let mut traces = recorded(args.traces.as_deref())?;
    traces.extend((0..args.seeds).flat_map(synthetic::all));
    let plots = target().join("hit-ratio");
    std::fs::create_dir_all(&plots)?;

    let mut points = Vec::new();
    for trace in &traces {
        eprintln!("{}: {} requests for {} keys", trace.name, trace.keys.len(), trace.unique);
        let measured = measure::points(trace, &args.capacities, &systems, args.repeats);
        println!("{}", table::of_trace(trace, &measured, &systems));
        std::fs::write(plots.join(format!("{}.svg", trace.name)), plot::of_trace(trace, &measured, &systems))?;
        points.extend(measured);
    }
    print!("{}", table::means(&points, &systems));
    println!("Plots: {}", plots.display());
    Ok(())
}

/// The traces of this folder; where none is named, those beside the repository, or else the one that is in it.
fn recorded(folder: Option<&Path>) -> Result<Vec<Trace>, trace::TraceError> {
    let beside = repository().join("../shared/traces");
    match folder {
        Some(folder) => trace::read_folder(folder),
        None if beside.is_dir() => trace::read_folder(&beside),
        None => Ok(vec![trace::built_in()?]),
    }
}

fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}
