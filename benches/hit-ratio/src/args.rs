//! The command line.

use lexopt::{Arg, Parser, ValueExt};
use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures the hit ratio of caches.

Usage: sharded-hit-ratio [OPTIONS]

Options:
  --traces DIR      read every DIR/*.u64.gz [../shared/traces beside the repository, or else the trace in it]
  --capacities P,P  in per cent of a trace's unique keys [1,10,25,50]
  --systems A,B     only these; a wrong name lists them all
  --synthetic       also synthetic traces
  --seeds N         generate each synthetic trace this many times [1]
  --repeats N       runs of each cache, with other keys each time; the mean counts [3]
  --help            print this
";

/// What the command line asks for.
pub(crate) enum Request {
    Help,
    Measure(Args),
}

/// The measurements to make.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) traces: Option<PathBuf>,
    /// In per cent of the unique keys.
    pub(crate) capacities: Vec<f64>,
    /// Names of systems. Empty for all.
    pub(crate) systems: Vec<String>,
    /// How many times each synthetic trace is generated. Zero without `--synthetic`.
    pub(crate) seeds: u64,
    pub(crate) repeats: u32,
}

impl Args {
    pub(crate) fn parse() -> Result<Request, lexopt::Error> {
        Self::parse_from(Parser::from_env())
    }

    fn parse_from(mut parser: Parser) -> Result<Request, lexopt::Error> {
        let mut args =
            Args { traces: None, capacities: vec![1.0, 10.0, 25.0, 50.0], systems: Vec::new(), seeds: 0, repeats: 3 };
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("traces") => args.traces = Some(parser.value()?.into()),
                Arg::Long("capacities") => args.capacities = parser.value()?.parse_with(percentages)?,
                Arg::Long("systems") => {
                    args.systems = parser.value()?.string()?.split(',').map(str::to_owned).collect();
                }
                Arg::Long("synthetic") => args.seeds = args.seeds.max(1),
                Arg::Long("seeds") => args.seeds = parser.value()?.parse()?,
                Arg::Long("repeats") => args.repeats = parser.value()?.parse_with(at_least_one)?,
                // `cargo bench` passes this to every bench.
                Arg::Long("bench") => {}
                Arg::Long("help") | Arg::Short('h') => return Ok(Request::Help),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Request::Measure(args))
    }
}

/// Numbers above 0 and up to 100, in ascending order.
fn percentages(list: &str) -> Result<Vec<f64>, String> {
    let parse = |text: &str| match text.trim().parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err(format!("`{text}` is no percentage above 0 and up to 100")),
    };
    let mut percentages = list.split(',').map(parse).collect::<Result<Vec<_>, _>>()?;
    percentages.sort_by(f64::total_cmp);
    percentages.dedup();
    Ok(percentages)
}

fn at_least_one(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{text}` is no number from 1 on")),
    }
}
