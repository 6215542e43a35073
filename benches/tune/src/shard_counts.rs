//! The throughput of each number of shards on this machine. The rule of `shards = auto` is based on it.

use crate::{
    candidate::{Candidate, Lock, Numa},
    race::{Lane, Race},
    stream,
    tune::Options,
    workload::{FieldWorkload, Mix, Synthetic},
};
use sharded::shards::{Auto, ShardCount};
use std::{
    fmt::Write,
    thread,
    time::{Duration, Instant},
};

/// The largest number of shards is two to this power.
const LARGEST: u32 = 10;
const SLICE: Duration = Duration::from_millis(20);
/// A number of shards is as good as the best if it is slower by less than this share.
const ALIKE: f64 = 0.03;

/// Compares 1, 2, 4, … shards of each lock under workloads with equally popular keys, whose threads only use the map:
/// as many threads as there are CPUs, and twice as many. Returns a table of the throughput of each number, as a share
/// of the lock's best.
pub(crate) fn run(options: &Options) -> String {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let threads = options.threads.map_or_else(|| vec![cpus, 2 * cpus], |threads| vec![threads]);
    let mixes = [
        ("reads", Mix { get: 100, ..Mix::default() }),
        ("a tenth inserts", Mix { get: 90, insert: 10, ..Mix::default() }),
        ("changes", Mix { update: 100, ..Mix::default() }),
    ];
    let time = options.time / (threads.len() * mixes.len()) as u32;
    let mut text = format!("{cpus} CPUs; auto is {} shards\n", Auto::count());
    for threads in threads {
        for (name, mix) in mixes {
            let made_up = Synthetic { mix, skew: 0.0, threads: threads as u64, ..Synthetic::default() };
            let workload = made_up.workload().expect("possible");
            _ = write!(
                text,
                "\n{name}, {threads} threads, {} keys\n{}",
                workload.entries,
                raced(&workload, options, threads, time)
            );
        }
    }
    text
}

fn raced(workload: &FieldWorkload, options: &Options, threads: usize, time: Duration) -> String {
    let until = Instant::now() + time;
    let streams = stream::streams(workload, threads, options.seed);
    let counts = || (0..=LARGEST).map(|power| 1 << power);
    let with = |&lock: &Lock| {
        counts().map(move |count| Candidate { lock, shards: Some(count), cache: None, numa: Numa::Spread })
    };
    let mut race = Race::new(workload, &streams, Lock::ALL.iter().flat_map(with));
    while race.round(SLICE, until, &mut || ()) {}
    let mut text = format!("{:<12}", "shards");
    counts().for_each(|count| _ = write!(text, "{count:>6}"));
    text += "   least that is as good as the best\n";
    for &lock in Lock::ALL {
        let lanes: Vec<&Lane> = race.lanes.iter().filter(|lane| lane.candidate.lock == lock).collect();
        let shares = shares(&lanes.iter().filter_map(|lane| lane.rate()).collect::<Vec<_>>());
        if shares.len() < lanes.len() {
            _ = writeln!(text, "{:<12}the time was too short", lock.name());
            continue;
        }
        _ = write!(text, "{:<12}", lock.name());
        for share in &shares {
            _ = write!(text, "{share:>6.2}");
        }
        let least = counts().zip(shares).find(|&(_, share)| share >= 1.0 - ALIKE).map_or(0, |(count, _)| count);
        _ = writeln!(text, "   {least}");
    }
    _ = write!(text, "{:<12}", "KiB");
    for lane in race.lanes.iter().filter(|lane| lane.candidate.lock == Lock::Mutex) {
        _ = write!(text, "{:>6}", lane.bytes / 1024);
    }
    text + "\n"
}

/// Each rate as a share of the largest.
fn shares(rates: &[f64]) -> Vec<f64> {
    let best = rates.iter().copied().fold(0.0, f64::max);
    rates.iter().map(|rate| rate / best).collect()
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::tune::Options;
    use std::time::Duration;

    #[test]
    fn every_lock_has_a_row_under_every_load() {
        let text = run(&Options { time: Duration::from_secs(9), threads: Some(2), ..Options::default() });
        for row in ["Mutex ", "RwLock ", "Optimistic ", "Rcu ", "KiB "] {
            assert_eq!(text.lines().filter(|line| line.starts_with(row)).count(), 3, "{row}\n{text}");
        }
    }
}
