//! Threads that work on a map for a while.

use crate::{stats::Latencies, stream::Step, subject::Subject};
use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Steps between two looks at whether the time is over; the first of them is timed.
const BATCH: usize = 64;

/// What was seen meanwhile.
pub(crate) struct Slice {
    /// Operations per second, of all threads together.
    pub(crate) rate: f64,
    pub(crate) latencies: Latencies,
}

/// Has one thread for each stream work on the map for so long. The `turn` says where in the streams they begin.
pub(crate) fn slice(subject: &dyn Subject, streams: &[Vec<Step>], turn: usize, time: Duration) -> Slice {
    let is_over = AtomicBool::new(false);
    let start = Barrier::new(streams.len() + 1);
    let work = |stream: &[Step]| {
        let (mut done, mut latencies) = (0, Latencies::new());
        let batches = stream.chunks(BATCH);
        let first = turn.wrapping_mul(7919) % batches.len().max(1);
        let mut batches = batches.cycle().skip(first);
        start.wait();
        let began = Instant::now();
        while !is_over.load(Ordering::Relaxed)
            && let Some((one, rest)) = batches.next().and_then(|batch| batch.split_at_checked(1))
        {
            let before = Instant::now();
            subject.run(one);
            latencies.record(before.elapsed().as_nanos() as u64);
            subject.run(rest);
            done += 1 + rest.len();
        }
        (done, latencies, began, Instant::now())
    };
    let work = &work;
    let shares: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = streams.iter().map(|stream| scope.spawn(move || work(stream))).collect();
        start.wait();
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut latencies = Latencies::new();
    let mut done = 0;
    for share in &shares {
        done += share.0;
        latencies.add(&share.1);
    }
    // From the first thread's first operation to the last one's last.
    let began = shares.iter().map(|share| share.2).min();
    let ended = shares.iter().map(|share| share.3).max();
    let seconds = began.zip(ended).map_or(0.0, |(began, ended)| (ended - began).as_secs_f64());
    Slice { rate: done as f64 / seconds.max(1e-9), latencies }
}
