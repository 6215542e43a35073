//! Checks the advice by a later measurement, on six workloads with known problems.

use crate::{
    candidate::{Candidate, Lock},
    outcome::Verdict,
    subject,
    tune::{self, Options},
    workload::{FieldWorkload, planted},
};
use sharded_bench_common::stats::Interval;
use std::{fmt::Write, thread};

/// Tunes each workload for a twelfth of the time, and then measures the advised policy beside the declared one again,
/// with other keys, for as long. If the advice was to leave the policy, the other locks and other numbers of shards are
/// measured instead. Prints a table, and returns whether all advice held and at least four policies were to be changed.
pub(crate) fn run(options: &Options) -> bool {
    let cpus = thread::available_parallelism().map_or(1, usize::from).max(2) as u64;
    let workloads = planted(options.threads.map_or(cpus, |threads| threads as u64));
    let time = options.time / (2 * workloads.len() as u32);
    let (mut held, mut changed) = (0, 0);
    let mut table = format!("{:<30} {:<44} {:<22} {:<22} {}\n", "workload", "advice", "gain", "later", "held");
    for (name, workload) in &workloads {
        let options = Options { time, ..options.clone() };
        let outcome = tune::tune(workload, &options);
        println!("{name}: {outcome}");
        let Some(declared) = outcome.declared else { continue };
        let later = Options { seed: options.seed + 1000, ..options };
        let (advice, gain, rivals) = match &outcome.verdict {
            Verdict::Untried(why) => {
                _ = writeln!(table, "{name:<30} {why}");
                continue;
            }
            Verdict::Change { to, gain } => (written(&outcome.changes()), gain, vec![*to]),
            Verdict::Leave { gain } => ("leave it".to_owned(), gain, others(workload, declared)),
        };
        let again = tune::compare(workload, &later, declared, &rivals);
        let best = again.into_iter().flatten().max_by(|a, b| a.low.total_cmp(&b.low));
        let is_changed = matches!(outcome.verdict, Verdict::Change { .. });
        // If it is to be left, no policy may beat it by a gain that is worth a change.
        let holds =
            best.is_some_and(|best| if is_changed { best.low > 1.0 } else { best.low <= 1.0 + options.least_gain });
        held += usize::from(holds);
        changed += usize::from(is_changed);
        let later = best.as_ref().map_or_else(|| "too short".to_owned(), shown);
        let held = if holds { "yes" } else { "NO" };
        _ = writeln!(table, "{name:<30} {advice:<44} {:<22} {later:<22} {held}", shown(gain));
    }
    println!("{table}\nheld: {held} of {}; changed: {changed}", workloads.len());
    held == workloads.len() && changed >= 4
}

/// Policies that might be better than the declared one: each lock, with its shards, with four times and with a quarter
/// of them.
fn others(workload: &FieldWorkload, declared: Candidate) -> Vec<Candidate> {
    let shards = declared.shard_count();
    let counts = [shards, shards * 4, (shards / 4).max(1)];
    let locks = Lock::ALL.iter().filter(|&&lock| subject::serves(lock, workload));
    let with = |&lock: &Lock| counts.map(|shards| Candidate { lock, shards: Some(shards), ..declared });
    locks.flat_map(with).filter(|other| other.lock != declared.lock || other.shard_count() != shards).collect()
}

fn written(changes: &[(&'static str, String)]) -> String {
    changes.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

fn shown(interval: &Interval) -> String {
    format!("{:.2} ({:.2} to {:.2})", interval.median, interval.low, interval.high)
}
