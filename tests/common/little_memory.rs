//! A test in a process of its own that has little memory.

#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux limits memory in this way"))]

use std::{env, process::Command};

/// Runs the test of this program with this path once more, in a process with little memory, and returns what it prints.
/// The test must hold there.
#[track_caller]
pub(crate) fn run(test: &str) -> String {
    let program = env::current_exe().expect("the path of this program");
    let child = Command::new("sh")
        .args(["-c", "ulimit -v 700000 && exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(program)
        .arg(test)
        .envs([("WITH_LITTLE_MEMORY", "1"), ("MALLOC_ARENA_MAX", "1"), ("RUST_BACKTRACE", "0")])
        .output()
        .expect("a shell");
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}\n{}", String::from_utf8_lossy(&child.stderr));
    output.into_owned()
}

/// Whether this is such a process.
pub(crate) fn is_given() -> bool {
    env::var_os("WITH_LITTLE_MEMORY").is_some()
}
