//! What the figures were measured on, and how quiet it was.

use crate::stats::Pauses;
use quanta::Clock;
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Prints both.
pub(crate) fn print(is_quick: bool) {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let model = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cache = fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size").unwrap_or_default();
    let memory = line_of("/proc/meminfo", "MemTotal").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("machine: {cores} cores, {model}, last-level cache {}, memory {memory}", cache.trim());

    let noise = noise(Duration::from_millis(if is_quick { 100 } else { 1000 }));
    println!(
        "noise: load {load}; a loop that only reads the clock was held up for over 1 ms {} times in {} ms, for {:.2} ms at the longest",
        noise.over_a_millisecond(),
        if is_quick { 100 } else { 1000 },
        noise.longest() / 1e6,
    );
    println!();
}

/// The time between two looks at the clock, for as long as this.
fn noise(time: Duration) -> Pauses {
    let clock = Clock::new();
    let mut pauses = Pauses::new(&clock);
    let began = Instant::now();
    let mut last = clock.raw();
    while began.elapsed() < time {
        for _ in 0..1000 {
            let now = clock.raw();
            pauses.record(last, now);
            last = now;
        }
    }
    pauses
}

/// What stands behind the first line that begins so.
fn line_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
