//! The hit ratio of caches: sharded beside other libraries, models of published policies, and the optimum, over
//! recorded and synthetic traces.
//!
//! `cargo run --release -p sharded-hit-ratio -- --help` lists the options. The README beside `Cargo.toml` says how to
//! read the results.
//!
//! | file | what is in it |
//! |---|---|
//! | `lib.rs` | the program, and the function that `versus` calls |
//! | `args.rs` | the command line |
//! | `trace.rs` | recorded requests, read from files |
//! | `synthetic.rs`, `recency.rs` | synthetic traces |
//! | `systems/` | this library, other libraries, and the list of all systems |
//! | `models/` | models of policies, one file each, and Duo, which is a proposal |
//! | `belady.rs` | the optimum |
//! | `links.rs` | lists over small numbers, for the models |
//! | `measure.rs` | the hit ratios of all systems |
//! | `table.rs`, `plot.rs` | printed tables, and plots |
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "keys are numbered from zero and far below 2^32, and a float is exact enough for a ratio"
)]

mod args;
mod belady;
mod links;
mod measure;
mod models;
mod plot;
mod recency;
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

/// One trace at one capacity.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The trace's name.
    pub trace: String,
    /// The capacity, in per cent of the trace's unique keys.
    pub percent: f64,
    /// Each system's name, and its hits in per cent of the requests.
    pub hits: Vec<(String, f64)>,
}

/// Runs these systems, or all if none is named, over the recorded traces beside the repository, or else over the trace
/// in it.
///
/// Caches run three times, with other keys each time, and the mean counts.
///
/// # Errors
///
/// If there is no such system, or a trace can't be read.
///
/// # Examples
///
/// ```no_run
/// for point in sharded_hit_ratio::measure(&["belady", "moka"], &[1.0, 10.0])? {
///     println!("{} at {} %: {:?}", point.trace, point.percent, point.hits);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn measure(systems: &[&str], capacities: &[f64]) -> Result<Vec<Measured>, Box<dyn Error>> {
    let names: Vec<String> = systems.iter().map(|&name| name.to_owned()).collect();
    let systems = systems::named(&names)?;
    let names = || systems.iter().map(|system| system.name.clone());
    let traces = recorded(None)?;
    let points = traces.iter().flat_map(|trace| measure::points(trace, capacities, &systems, 3));
    Ok(points
        .map(|point| Measured { trace: point.trace, percent: point.percent, hits: names().zip(point.ratios).collect() })
        .collect())
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
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
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sharded-hit-ratio: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
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

/// The traces of this folder. Without one, those beside the repository, or else the trace in it.
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
