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
//! | `script.rs`, `mix.rs`, `random.rs` | what a thread does to a map: which operation on which key |
//! | `driver.rs` | the loops that do it, compiled for each map |
//! | `turns.rs` | who takes which turn |
//! | `work/` | the measurements, one file each |
//! | `child.rs` | measurements that need a process of their own |
//! | `stats.rs`, `table.rs` | what comes of it |
//! | `tests.rs` | that every system answers as it must |

mod args;
mod child;
mod driver;
mod entries;
mod machine;
mod mix;
mod random;
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
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(Request::Measure(args)) => args,
        Ok(Request::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("sharded-versus: {error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    let outcome = match args.keys {
        Keys::Integers => work::run::<Integers>(&args),
        Keys::Strings => work::run::<Strings>(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sharded-versus: {error}");
            ExitCode::FAILURE
        }
    }
}
