//! The command line.

use crate::{
    tune::Options,
    workload::{Mix, Synthetic},
};
use lexopt::{Arg, Parser, ValueExt};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Finds the policy that serves the maps of a program best on this machine.

Usage: sharded-tune WORKLOAD.json [OPTIONS]  workloads that a program's recorder wrote
       sharded-tune [OPTIONS]                a synthetic workload
       sharded-tune planted [OPTIONS]        checks the advice on six workloads with known problems
       sharded-tune shards [OPTIONS]         measures each number of shards on this machine

Options:
  --time TIME          the most time, for all maps together: 90s, 5m [60s]
  --only STORE.FIELD   only this map
  --threads N          threads, in place of those of the workload
  --least-gain PERCENT a smaller gain is not worth a change [3]
  --most-entries N     capacities up to this may be advised [the declared one alone]
  --seed N             the seed of the keys [1]
  --report FILE        writes a page with the curves
  --source PATH        a source file with the structs, or a folder of such files [.]
  --apply              writes the advice into the source
  --check PERCENT      exits with 1 if a declared policy is further off than that
  --save FILE          writes the workload to a file; a synthetic one is then not replayed

A synthetic workload:
  --mix A=N,B=N        of get, read, insert, remove, update, load [get=90,insert=10]
  --keys N             different keys [100000]
  --skew EXPONENT      of Zipf's law; 0: all keys are equally popular [0.9]
  --hot PERCENT        accesses of one key, in addition [0]
  --scan PERCENT       accesses of scans over keys that are never used again [0]
  --entries N          entries at the start [all keys, or the capacity]
  --value-bytes N      bytes of a value [8]
  --hold TIME          the time of a closure [0ns]
  --miss TIME          the cost of a miss [20us]
  --not-copy           keys or values are not Copy
  --lock, --shards, --evict, --capacity, --numa, --ttl, --idle
                       the present policy [Mutex, auto, Adaptive with a capacity]
  --help               prints this
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Request {
    Help,
    Tune(Box<Args>),
}

/// The source of the workloads.
#[derive(Debug, PartialEq)]
pub(crate) enum Source {
    File(PathBuf),
    Synthetic(Box<Synthetic>),
    Planted,
    /// No workload: numbers of shards are compared.
    Shards,
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) workloads: Source,
    pub(crate) options: Options,
    pub(crate) only: Option<String>,
    pub(crate) report: Option<PathBuf>,
    pub(crate) source: PathBuf,
    pub(crate) applies: bool,
    /// In per cent.
    pub(crate) check: Option<f64>,
    pub(crate) save: Option<PathBuf>,
}

impl Args {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        let mut args = Args {
            workloads: Source::Synthetic(Box::default()),
            options: Options { progress: true, ..Options::default() },
            only: None,
            report: None,
            source: PathBuf::from("."),
            applies: false,
            check: None,
            save: None,
        };
        let mut made_up = Synthetic::default();
        // The name of an option about a synthetic workload.
        let mut about = None;
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("help") | Arg::Short('h') => return Ok(Request::Help),
                Arg::Value(value) if args.workloads == Source::Synthetic(Box::default()) => {
                    args.workloads = match value.to_str() {
                        Some("planted") => Source::Planted,
                        Some("shards") => Source::Shards,
                        _ => Source::File(value.into()),
                    };
                }
                Arg::Long("time") => args.options.time = parser.value()?.parse_with(time)?,
                Arg::Long("only") => args.only = Some(parser.value()?.string()?),
                Arg::Long("threads") => {
                    let threads = parser.value()?.parse_with(|text| within(text, 1..=4096))?;
                    args.options.threads = Some(threads as usize);
                }
                Arg::Long("least-gain") => args.options.least_gain = parser.value()?.parse_with(per_cent)? / 100.0,
                Arg::Long("most-entries") => args.options.most_entries = Some(parser.value()?.parse_with(number)?),
                Arg::Long("seed") => {
                    args.options.seed = parser.value()?.parse_with(|text| within(text, 0..=1 << 32))?;
                }
                Arg::Long("report") => args.report = Some(parser.value()?.into()),
                Arg::Long("source") => args.source = parser.value()?.into(),
                Arg::Long("apply") => args.applies = true,
                Arg::Long("check") => args.check = Some(parser.value()?.parse_with(per_cent)?),
                Arg::Long("save") => args.save = Some(parser.value()?.into()),
                Arg::Long(name) => {
                    let name = name.to_owned();
                    made_up_option(&name, &mut made_up, &mut parser)?;
                    about = Some(name);
                }
                other => return Err(other.unexpected()),
            }
        }
        match (&mut args.workloads, about) {
            (Source::Synthetic(synthetic), _) => **synthetic = with_eviction(made_up),
            (_, Some(name)) => {
                return Err(format!("--{name} is about a synthetic workload, and another one is named").into());
            }
            (_, None) => {}
        }
        Ok(Request::Tune(Box::new(args)))
    }
}

/// The options about a synthetic workload that have a value.
const NAMES: [&str; 16] = [
    "mix",
    "keys",
    "skew",
    "hot",
    "scan",
    "entries",
    "value-bytes",
    "hold",
    "miss",
    "lock",
    "shards",
    "evict",
    "capacity",
    "numa",
    "ttl",
    "idle",
];

fn made_up_option(name: &str, workload: &mut Synthetic, parser: &mut Parser) -> Result<(), lexopt::Error> {
    if name == "not-copy" {
        workload.copy = false;
        return Ok(());
    }
    if !NAMES.contains(&name) {
        return Err(lexopt::Error::UnexpectedOption(format!("--{name}")));
    }
    let value = parser.value()?;
    let milliseconds = |text: &str| time(text).map(|time| (time.as_millis() as u64).max(1));
    match name {
        "mix" => workload.mix = value.parse_with(mix)?,
        "keys" => workload.keys = value.parse_with(number)?,
        "skew" => workload.skew = value.parse()?,
        "hot" => workload.hot = value.parse_with(per_cent)? / 100.0,
        "scan" => workload.scan = value.parse_with(number)?,
        "entries" => workload.entries = Some(value.parse_with(number)?),
        "value-bytes" => workload.value_bytes = value.parse_with(number)?,
        "hold" => workload.hold_ns = value.parse_with(time)?.as_nanos() as u64,
        "miss" => workload.miss_ns = value.parse_with(time)?.as_nanos() as u64,
        "lock" => workload.declared.lock = value.string()?,
        "shards" => {
            workload.declared.shards = value.parse_with(|text| match text {
                "auto" => Ok(None),
                text => number(text).map(Some),
            })?;
        }
        "evict" => workload.declared.evict = value.string()?,
        "capacity" => workload.declared.capacity = Some(value.parse_with(number)?),
        "numa" => workload.declared.numa = value.string()?,
        "ttl" => workload.declared.ttl_ms = Some(value.parse_with(milliseconds)?),
        _ => workload.declared.idle_ms = Some(value.parse_with(milliseconds)?),
    }
    Ok(())
}

/// As in the attribute: with a capacity and without an eviction, the eviction is `Adaptive`.
fn with_eviction(mut workload: Synthetic) -> Synthetic {
    if workload.declared.capacity.is_some() && workload.declared.evict == "Unbounded" {
        "Adaptive".clone_into(&mut workload.declared.evict);
    }
    workload
}

fn number(text: &str) -> Result<u64, String> {
    within(text, 0..=u64::MAX)
}

fn within(text: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    let parsed = text.replace('_', "").parse().ok().filter(|number| range.contains(number));
    parsed.ok_or_else(|| format!("`{text}` is no number from {} to {}", range.start(), range.end()))
}

fn per_cent(text: &str) -> Result<f64, String> {
    let parsed = text.trim_end_matches('%').parse().ok().filter(|number| (0.0..100.0).contains(number));
    parsed.ok_or_else(|| format!("`{text}` is no percentage from 0 up to but not 100"))
}

/// A number and a unit, as in an attribute.
fn time(text: &str) -> Result<Duration, String> {
    let units = [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let size = units.iter().find(|known| known.0 == unit).map(|known| known.1);
    let nanoseconds = number.parse::<u64>().ok().zip(size).and_then(|(number, size)| number.checked_mul(size));
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| format!("`{text}` is no time such as `500us`, `60s` or `5m`"))
}

fn mix(text: &str) -> Result<Mix, String> {
    let mut mix = Mix::default();
    for part in text.split(',') {
        let (name, count) = part.split_once('=').ok_or_else(|| format!("`{part}` is not like `get=90`"))?;
        let count = within(count, 0..=1 << 32)?;
        match name {
            "get" => mix.get = count,
            "read" => mix.read = count,
            "insert" => mix.insert = count,
            "remove" => mix.remove = count,
            "update" => mix.update = count,
            "load" => mix.load = count,
            _ => return Err(format!("there is no operation `{name}`: get, read, insert, remove, update, load")),
        }
    }
    Ok(mix)
}
