//! `sharded-tune`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sharded_tune::cli::run(std::env::args_os().skip(1))
}
