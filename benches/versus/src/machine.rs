//! The machine of a measurement, and its noise.

use crate::stats::Pauses;
use quanta::Clock;
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// A machine, and how often it interrupted a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) last_level_cache: String,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) compiler: String,
    /// The load average of the minute before.
    pub(crate) load: String,
    /// How often a loop that only reads the clock was interrupted for over a millisecond, and the longest interruption.
    pub(crate) held_up: f64,
    pub(crate) longest_ms: f64,
    /// The duration of that loop.
    pub(crate) watched_ms: u64,
}

impl Machine {
    /// Describes this machine.
    pub(crate) fn look(is_quick: bool) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
        let watched_ms = if is_quick { 100 } else { 1000 };
        let noise = noise(Duration::from_millis(watched_ms));
        Machine {
            cores: thread::available_parallelism().map_or(0, usize::from),
            processor: line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned()),
            last_level_cache: read("/sys/devices/system/cpu/cpu0/cache/index3/size"),
            memory: line_of("/proc/meminfo", "MemTotal").unwrap_or_default(),
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").split('-').next().unwrap_or_default()),
            compiler: said_by("rustc", &["--version"]).unwrap_or_default(),
            load,
            held_up: noise.over_a_millisecond(),
            longest_ms: noise.longest() / 1e6,
            watched_ms,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "machine: {} cores, {}, last-level cache {}, memory {}, {}, {}",
            self.cores, self.processor, self.last_level_cache, self.memory, self.kernel, self.compiler
        )?;
        write!(
            f,
            "noise: load {}; a loop that only reads the clock was held up for over 1 ms {} times in {} ms, for {:.2} ms at the longest",
            self.load, self.held_up, self.watched_ms, self.longest_ms
        )
    }
}

/// The share of the processors' time that the host gave to others since the last call.
pub(crate) struct Stolen {
    /// Stolen clock ticks, and all clock ticks.
    last: Option<(u64, u64)>,
}

impl Stolen {
    pub(crate) fn new() -> Self {
        Stolen { last: ticks() }
    }

    /// Per cent of the time since the last call. `None` if the machine does not report it.
    pub(crate) fn percent(&mut self) -> Option<f64> {
        let (before, now) = (self.last?, ticks()?);
        self.last = Some(now);
        #[allow(clippy::cast_precision_loss, reason = "a share")]
        let [stolen, all] = [now.0 - before.0, now.1 - before.1].map(|ticks| ticks as f64);
        (all > 0.0).then(|| 100.0 * stolen / all)
    }
}

/// Stolen and all ticks of all processors. The fields are user, nice, system, idle, waiting, interrupts (two kinds),
/// stolen.
fn ticks() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let fields: Option<Vec<u64>> =
        text.lines().next()?.split_whitespace().skip(1).take(8).map(|field| field.parse().ok()).collect();
    let fields = fields?;
    Some((*fields.get(7)?, fields.iter().sum()))
}

/// The times between two readings of the clock, during this time.
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

/// The value of the first line with this key.
fn line_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// The output of a program.
pub(crate) fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
