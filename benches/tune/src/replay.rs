//! Threads that replay a workload for a time.

use crate::{stream::Step, subject::Subject};
use sharded_bench_common::{
    stats::Latencies,
    turns::{self, BATCH, End},
};
use std::time::{Duration, Instant};

/// The measurements of one slice.
pub(crate) struct Slice {
    /// Operations per second, of all threads together.
    pub(crate) rate: f64,
    pub(crate) latencies: Latencies,
}

/// Lets one thread for each stream work on the map for a time. The `turn` decides where in the streams they begin.
///
/// The first operation of each batch is timed.
pub(crate) fn slice(subject: &dyn Subject, streams: &[Vec<Step>], turn: usize, time: Duration) -> Slice {
    let mut threads: Vec<_> = streams
        .iter()
        .map(|stream| {
            let (batches, _) = stream.as_chunks::<{ BATCH as usize }>();
            let first = turn.wrapping_mul(7919) % batches.len().max(1);
            (batches.iter().cycle().skip(first), Latencies::default())
        })
        .collect();
    let turn = turns::take(
        &mut threads,
        End::After(time),
        |_| (),
        |(batches, latencies)| {
            if let Some((first, rest)) = batches.next().and_then(|batch| batch.split_at_checked(1)) {
                let before = Instant::now();
                subject.run(first);
                latencies.record(before.elapsed().as_nanos() as u64);
                subject.run(rest);
            }
            0
        },
    );
    let mut all = Latencies::default();
    for (_, latencies) in &threads {
        all.add(latencies);
    }
    Slice { rate: turn.rate, latencies: all }
}
