//! The command: `sharded-tune`, or `cargo sharded tune`.

use crate::{
    args::{Args, HELP, Request, Source},
    outcome::{Outcome, Verdict},
    planted, report, shard_counts, source, tune,
    workload::{FieldWorkload, Workload},
};
use std::{error::Error, ffi::OsString, fs, process::ExitCode, thread};

/// Runs the command with these arguments, without the program's name. `--help` lists them. It prints to standard
/// output, and errors to standard error.
///
/// The exit code is 0, 1 if `--check` found a policy that is too far off, or 2 after an error.
///
/// # Examples
///
/// ```
/// use std::process::ExitCode;
///
/// assert_eq!(sharded_tune::cli::run(["--help".into()]), ExitCode::SUCCESS);
/// assert_eq!(sharded_tune::cli::run(["--no-such-option".into()]), ExitCode::from(2));
/// ```
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::parse(arguments) {
        Ok(Request::Tune(args)) => args,
        Ok(Request::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("sharded-tune: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match tuned(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sharded-tune: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether all policies are as they should be.
fn tuned(args: &Args) -> Result<bool, Box<dyn Error>> {
    let fields = match &args.workloads {
        Source::Planted => return Ok(planted::run(&args.options)),
        Source::Shards => {
            print!("{}", shard_counts::run(&args.options));
            return Ok(true);
        }
        Source::File(path) => Workload::read(path).map_err(|error| format!("{}: {error}", path.display()))?.fields,
        Source::Synthetic(synthetic) => vec![synthetic.workload()?],
    };
    let is_asked = |field: &FieldWorkload| {
        args.only.as_ref().is_none_or(|only| *only == format!("{}.{}", field.store, field.field))
    };
    let fields: Vec<FieldWorkload> = fields.into_iter().filter(is_asked).collect();
    if fields.is_empty() {
        return Err("there is no workload of such a map".into());
    }
    if let Some(path) = &args.save {
        let cpus = thread::available_parallelism().map_or(1, usize::from) as u64;
        Workload { cpus, fields: fields.clone() }.write(path)?;
        if matches!(args.workloads, Source::Synthetic(_)) {
            return Ok(true);
        }
    }
    let mut options = args.options.clone();
    options.time /= fields.len() as u32;
    let mut outcomes = Vec::new();
    for field in &fields {
        let outcome = tune(field, &options);
        println!("{outcome}");
        outcomes.push(outcome);
    }
    if let Some(path) = &args.report {
        fs::write(path, report::page(&outcomes)).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("Curves: {}", path.display());
    }
    if args.applies {
        apply(args, &outcomes)?;
    }
    Ok(args.check.is_none_or(|most| within(most, &outcomes)))
}

fn apply(args: &Args, outcomes: &[Outcome]) -> Result<(), source::SourceError> {
    for outcome in outcomes {
        let (store, field) = (&outcome.workload.store, &outcome.workload.field);
        let changes = outcome.changes();
        if changes.is_empty() {
            println!("{store}.{field}: nothing to be changed");
            continue;
        }
        let path = source::apply(&args.source, store, field, &changes)?;
        println!("{store}.{field}: changed in {}", path.display());
    }
    Ok(())
}

/// Whether no policy is further off than that. A policy that could not be tried does not count, and was reported
/// before.
fn within(most: f64, outcomes: &[Outcome]) -> bool {
    let is_off = |outcome: &&Outcome| outcome.per_cent_off() > most;
    let off: Vec<&Outcome> = outcomes.iter().filter(is_off).collect();
    for outcome in &off {
        let FieldWorkload { store, field, .. } = &outcome.workload;
        println!("{store}.{field} is at least {:.0} % off, and {most} % are allowed", outcome.per_cent_off());
    }
    let untried = outcomes.iter().all(|outcome| matches!(outcome.verdict, Verdict::Untried(_)));
    if untried {
        println!("no policy could be tried");
    }
    off.is_empty() && !untried
}
