//! What the tests of the command share.

use std::process::{Command, Output};

/// Runs the command.
pub(crate) fn sharded_tune(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sharded-tune")).args(arguments).output().expect("it runs")
}
