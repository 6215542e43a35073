//! What is to be measured.

use crate::{entries::Keys, work::Work};
use lexopt::{Arg, Parser, ValueExt};
use std::time::Duration;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures sharded beside its rivals, in one run.

Usage: sharded-versus [WORK...] [OPTIONS]

Work (all but the last, if none is named):
  hit           read entries that are there, uniformly
  increment     change entries in place, Zipf 0.99
  read-heavy    98 reads, 1 insert, 1 removal in a hundred
  exchange      10 reads, 40 inserts, 40 removals, 10 changes
  rapid-grow    5 reads, 80 inserts, 5 removals, 10 changes, from an empty map
  get-many      a batch of 16 keys against 16 single reads
  pauses        how long single inserts take while a map grows
  memory        bytes per entry
  instructions  only does hits, for callgrind: see instructions.sh

Options:
  --threads N,N   thread counts [1,2,4,8; 1,2 for pauses]
  --systems A,B   only these, and the shards written by hand; a wrong name lists them
  --keys KIND     u64 (to u64) or string (24 bytes, to 64 bytes) [u64]
  --rounds N      turns of each system [11]
  --repeats N     runs of each system in pauses [3] and memory [1]
  --entries N     entries of every table, in place of each work's own number
  --operations N  hits done by instructions [100000]
  --quick         a run of seconds that shows that all works; its figures mean little
  --help          this
";

/// What the command line asks for.
pub(crate) enum Request {
    Help,
    Measure(Args),
}

/// The measurements to make.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) works: Vec<Work>,
    pub(crate) keys: Keys,
    /// Names of systems; empty for each work's own choice.
    pub(crate) systems: Vec<String>,
    /// Empty for each work's own choice.
    pub(crate) threads: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) operations: u64,
    pub(crate) quick: bool,
    /// Whether this process is to make one measurement for the one that started it, see `child.rs`.
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
            operations: 100_000,
            quick: false,
            child: false,
            repeats: None,
            entries: None,
        };
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
                Arg::Long("operations") => args.operations = parser.value()?.parse()?,
                Arg::Long("quick") => args.quick = true,
                Arg::Long("child") => args.child = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Request::Help),
                other => return Err(other.unexpected()),
            }
        }
        if args.works.is_empty() {
            args.works = Work::ALL.iter().copied().filter(|work| *work != Work::Instructions).collect();
        }
        if args.rounds == 0 {
            args.rounds = if args.quick { 3 } else { 11 };
        }
        Ok(Request::Measure(args))
    }

    /// The thread counts asked for, or these.
    pub(crate) fn threads_or(&self, own: &[usize]) -> Vec<usize> {
        match (self.threads.as_slice(), self.quick) {
            ([], false) => own.to_vec(),
            ([], true) => own.iter().copied().filter(|&threads| threads <= 2).collect(),
            (asked, _) => asked.to_vec(),
        }
    }

    /// The number of entries asked for, or this one, which is scaled down for a quick run.
    pub(crate) fn entries_or(&self, own: u64) -> u64 {
        self.entries.unwrap_or(if self.quick { own / 50 } else { own })
    }

    /// The number of runs asked for, or this one; one alone in a quick run.
    pub(crate) fn repeats_or(&self, own: usize) -> usize {
        self.repeats.unwrap_or(if self.quick { 1 } else { own })
    }

    /// How long a turn is.
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
