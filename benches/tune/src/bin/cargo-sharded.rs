//! `cargo sharded tune`: the same command, called by Cargo.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo's own name for the command comes first, then ours.
    let arguments: Vec<_> = std::env::args_os().skip(1).skip_while(|argument| argument == "sharded").collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "tune" => sharded_tune::cli::run(rest.iter().cloned()),
        _ => {
            eprintln!("cargo sharded: there is `cargo sharded tune`");
            ExitCode::from(2)
        }
    }
}
