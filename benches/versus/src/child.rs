//! Measurements that need a process of their own.
//!
//! The memory that one system leaves in the allocator must not serve the next one, nor count as its memory. So this
//! program starts itself again for each system, with `--child` and the parameters, and reads the figures that the child
//! prints.

use crate::{args::Args, work::Work};
use std::{env, error::Error, process::Command};

/// Measures this system in a child, and returns the figures.
pub(crate) fn measure(
    args: &Args,
    work: Work,
    system: &str,
    threads: usize,
    entries: u64,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.args([work.name(), "--child", "--systems", system, "--keys", args.keys.name()]);
    command.args(["--threads", &threads.to_string(), "--entries", &entries.to_string()]);
    for (is_asked, flag) in [(args.quick, "--quick"), (args.idle, "--idle")] {
        if is_asked {
            command.arg(flag);
        }
    }
    command.args(["--ahead-ms", &args.ahead_ms.to_string()]);
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{system}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let figures: Result<_, _> = String::from_utf8(output.stdout)?.split_whitespace().map(str::parse).collect();
    Ok(figures?)
}

/// Prints the figures of a child.
pub(crate) fn report(figures: &[f64]) {
    for figure in figures {
        println!("{figure}");
    }
}
