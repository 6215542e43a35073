//! The scenarios, one function each.
//!
//! A scenario returns its counts or a failure. It runs in a process of its own.

mod balancing;
mod facts;
mod full;
mod limits;
mod placement;

use crate::machine::Machine;
use std::{error::Error, process::ExitCode};

/// Threads hand it over.
type Fault = Box<dyn Error + Send + Sync>;
type Outcome = Result<String, Fault>;

/// Ends a scenario, saying why, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err(format!($($why)+).into());
        }
    };
}
use ensure;

type Scenario = fn(&Machine) -> Outcome;

const SCENARIOS: &[(&str, Scenario)] = &[
    ("topology", facts::topology),
    ("pages", facts::pages),
    ("spread", placement::spread),
    ("local", placement::local),
    ("off", placement::off),
    ("memory-only", placement::memory_only),
    ("pool", placement::pool),
    ("huge-pages", placement::huge_pages),
    ("cpuset", limits::cpuset),
    ("no-right", limits::no_right),
    ("full-node", full::full_node),
    ("strict-store", full::strict_store),
    ("strict", full::strict),
    ("balancing", balancing::balancing),
];

/// Runs the scenarios that are named. Says of each what it counted; fails with the first that fails.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    if let [full::PROBE, arguments @ ..] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return full::probe(arguments);
    }
    if arguments.is_empty() {
        eprintln!("scenarios: {}", SCENARIOS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" "));
        return ExitCode::FAILURE;
    }
    for name in arguments {
        match run(name) {
            Ok(numbers) if arguments.len() == 1 => println!("{numbers}"),
            Ok(numbers) => println!("{name}: {numbers}"),
            Err(why) => {
                println!("{why}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn run(name: &str) -> Outcome {
    let (_, scenario) =
        SCENARIOS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no scenario '{name}'"))?;
    scenario(&Machine::read()?)
}
