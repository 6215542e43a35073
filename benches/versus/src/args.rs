//! The command line.

use crate::{entries::Keys, work::Work};
use lexopt::{Arg, Parser, ValueExt};
use std::{path::PathBuf, time::Duration};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures sharded beside its rivals, in one run.

Usage: sharded-versus [WORK...] [OPTIONS]
       sharded-versus --from FILE.json [--html FILE] [--readme FILE]

Work (all but the last three, if none is named):
  hit           read entries that are there, uniformly
  hit-zipf      likewise, Zipf 0.99
  hit-hot       likewise, uniformly among 100 entries
  half-increment  read entries and change others in place, in turn, Zipf 0.99
  increment     change entries in place, Zipf 0.99
  read-heavy    98 reads, 1 insert, 1 removal in a hundred
  exchange      10 reads, 40 inserts, 40 removals, 10 changes
  rapid-grow    5 reads, 80 inserts, 5 removals, 10 changes, from an empty map
  get-many      reads 32 keys in one call, against 32 single reads
  insert-many   replaces 32 values likewise
  exchange-many removes 32 entries and inserts 32 others likewise
  get-or-insert a cache with a capacity, with and without a ttl, Zipf 0.99
  transfers     moves money between two random accounts at one moment
  pauses        how long single inserts take while a map grows
  flags         how long single reads take of 1,000 keys that are all replaced every second
  memory        bytes per entry
  storm         a million entries expire at once
  hit-ratio     hit ratios of caches on recorded traces
  instructions  per operation, counted by callgrind; needs valgrind
  build-time    seconds to build each library from nothing; needs its sources

Options:
  --threads N,N   thread counts [1,2,4,8, and 16 on more than 8 cores; 1,2,4 for
                  get-or-insert and transfers; 1,2 for pauses and flags]
  --systems A,B   only these (and, among maps, the shards written by hand); a wrong
                  name lists them all
  --keys KIND     u64 (to u64) or string (24 bytes, to 64 bytes) [u64]
  --rounds N      turns of each system [11]
  --repeats N     runs of each system in flags [5], pauses and storm [3], memory [1]
  --entries N     entries of every table, in place of each work's own number
  --idle          of the storm, only the one without traffic
  --quick         a run of seconds that checks that everything works; its figures mean little
  --json FILE     add the results to this file; measurements made again replace those there
  --from FILE     measure nothing, but read the results of this file
  --html FILE     write a report of all results in the file
  --readme FILE   write the table of results between its markers in this file
  --help          print this
";

/// What the command line asks for.
pub(crate) enum Request {
    Help,
    Measure(Args),
    /// A report of the results in this file.
    Report(PathBuf, Output),
}

/// The files that results are written to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) json: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) readme: Option<PathBuf>,
}

/// The measurements to make.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) works: Vec<Work>,
    pub(crate) keys: Keys,
    /// Names of systems. Empty: each work's own choice.
    pub(crate) systems: Vec<String>,
    /// Empty: each work's own choice.
    pub(crate) threads: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
    /// Only the storm without traffic.
    pub(crate) idle: bool,
    pub(crate) output: Output,
    /// For the storm: milliseconds in which a child inserts all entries.
    pub(crate) ahead_ms: u64,
    /// For instructions: the operation of a child, and how often it runs.
    pub(crate) operation: String,
    pub(crate) operations: u64,
    /// Whether this process makes one measurement for its parent, see `child.rs`.
    pub(crate) child: bool,
    repeats: Option<usize>,
    entries: Option<u64>,
}

impl Args {
    pub(crate) fn parse() -> Result<Request, lexopt::Error> {
        Self::parse_from(Parser::from_env())
    }

    fn parse_from(mut parser: Parser) -> Result<Request, lexopt::Error> {
        let mut args = Args {
            works: Vec::new(),
            keys: Keys::Integers,
            systems: Vec::new(),
            threads: Vec::new(),
            rounds: 0,
            quick: false,
            idle: false,
            output: Output::default(),
            ahead_ms: 0,
            operation: String::new(),
            operations: 0,
            child: false,
            repeats: None,
            entries: None,
        };
        let mut from = None;
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Value(work) => args.works.push(work.parse()?),
                Arg::Long("threads") => args.threads = parser.value()?.parse_with(|list| list_of(list, 1..=1024))?,
                Arg::Long("systems") => {
                    args.systems = parser.value()?.string()?.split(',').map(str::to_owned).collect();
                }
                Arg::Long("keys") => args.keys = parser.value()?.parse()?,
                Arg::Long("rounds") => args.rounds = parser.value()?.parse_with(at_least_one)?,
                Arg::Long("repeats") => args.repeats = Some(parser.value()?.parse_with(at_least_one)?),
                Arg::Long("entries") => args.entries = Some(parser.value()?.parse_with(some_entries)?),
                Arg::Long("quick") => args.quick = true,
                Arg::Long("idle") => args.idle = true,
                Arg::Long("json") => args.output.json = Some(parser.value()?.into()),
                Arg::Long("from") => from = Some(parser.value()?.into()),
                Arg::Long("html") => args.output.html = Some(parser.value()?.into()),
                Arg::Long("readme") => args.output.readme = Some(parser.value()?.into()),
                Arg::Long("ahead-ms") => args.ahead_ms = parser.value()?.parse()?,
                Arg::Long("operation") => args.operation = parser.value()?.parse()?,
                Arg::Long("operations") => args.operations = parser.value()?.parse()?,
                Arg::Long("child") => args.child = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Request::Help),
                other => return Err(other.unexpected()),
            }
        }
        if let Some(from) = from {
            return Ok(Request::Report(from, args.output));
        }
        if args.works.is_empty() {
            args.works = Work::ALL.iter().copied().filter(|work| work.is_usual()).collect();
        }
        if args.rounds == 0 {
            args.rounds = if args.quick { 3 } else { 11 };
        }
        Ok(Request::Measure(args))
    }

    /// The requested thread counts, or these.
    pub(crate) fn threads_or(&self, own: &[usize]) -> Vec<usize> {
        match (self.threads.as_slice(), self.quick) {
            ([], false) => own.to_vec(),
            ([], true) => own.iter().copied().filter(|&threads| threads <= 2).collect(),
            (asked, _) => asked.to_vec(),
        }
    }

    /// The requested number of entries, or this one, scaled down for a quick run.
    pub(crate) fn entries_or(&self, own: u64) -> u64 {
        self.entries.unwrap_or(if self.quick { (own / 50).max(10_000) } else { own })
    }

    /// The requested number of runs, or this one. A quick run has one.
    pub(crate) fn repeats_or(&self, own: usize) -> usize {
        self.repeats.unwrap_or(if self.quick { 1 } else { own })
    }

    /// The length of a turn.
    pub(crate) fn slice(&self) -> Duration {
        Duration::from_millis(if self.quick { 10 } else { 50 })
    }
}

fn list_of(list: &str, range: std::ops::RangeInclusive<usize>) -> Result<Vec<usize>, String> {
    let parse = |item: &str| item.parse().ok().filter(|number| range.contains(number));
    let numbers: Option<Vec<usize>> = list.split(',').map(parse).collect();
    numbers.ok_or_else(|| format!("numbers from {} to {}, separated by commas", range.start(), range.end()))
}

fn at_least_one(number: &str) -> Result<usize, &'static str> {
    number.parse().ok().filter(|&number| number > 0).ok_or("a number from 1")
}

/// Zipf's samples are 32 bits wide, and a mix needs room for a few keys per thread.
fn some_entries(number: &str) -> Result<u64, &'static str> {
    number.parse().ok().filter(|number| (10_000..=1 << 31).contains(number)).ok_or("a number from 10,000 to 2^31")
}
