//! How often a cache has what it is asked for; the library beside this file does it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sharded_hit_ratio::main()
}
