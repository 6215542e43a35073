//! What process 1 of the virtual machine does.

use crate::machine;
use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus, Stdio},
    time::Instant,
};

/// How much of the kernel's log goes with a failure.
const LOG_LINES: usize = 40;

/// Runs the scenarios of the kernel's command line and powers the machine off.
///
/// Each is a process of its own: process 1 ignores signals and is spared by the OOM killer, which no user's program is,
/// and what a scenario does to itself (a filter, a cpuset, a full node) ends with it.
pub(crate) fn run() -> ! {
    let passed = match machine::mount_all() {
        Ok(()) => run_all(),
        Err(error) => {
            println!("sharded-numa: could not mount: {error}");
            false
        }
    };
    println!("sharded-numa: {}", if passed { "PASS" } else { "FAIL" });
    machine::power_off()
}

fn run_all() -> bool {
    let names = machine::parameter("sharded.scenarios").unwrap_or_default();
    let mut count = 0;
    let mut passed = true;
    for name in names.split(',').filter(|name| !name.is_empty()) {
        count += 1;
        passed &= run_one(name);
    }
    // A machine that was asked nothing has shown nothing.
    passed && count > 0
}

fn run_one(name: &str) -> bool {
    // So that the console shows where it hangs, if it does.
    println!("sharded-numa: {name} started");
    let log_before = machine::kernel_log().map_or(0, |log| log.lines().count());
    // It is on by default where there are several nodes, and one scenario turns it on.
    if let Err(error) = machine::set_balancing(false) {
        println!("sharded-numa: {error}");
    }
    let start = Instant::now();
    let child = Command::new("/proc/self/exe").arg(name).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let seconds = start.elapsed().as_secs_f64();
    match child {
        Ok(child) if child.status.success() => {
            println!("sharded-numa: {name} ok {seconds:.1} {}", String::from_utf8_lossy(&child.stdout).trim());
            true
        }
        Ok(child) => {
            let said = String::from_utf8_lossy(&child.stdout);
            println!("sharded-numa: {name} FAILED {seconds:.1} {}; {}", said.trim(), describe(child.status));
            show_log(log_before);
            false
        }
        Err(error) => {
            println!("sharded-numa: {name} FAILED {seconds:.1} could not start: {error}");
            false
        }
    }
}

pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "neither exited nor killed".to_owned(),
    }
}

/// What the kernel has said since, the end of it.
fn show_log(since: usize) {
    let log = machine::kernel_log().unwrap_or_else(|error| format!("no kernel log: {error}"));
    let lines: Vec<_> = log.lines().skip(since).collect();
    for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
        println!("  {line}");
    }
}
