//! Candidates that take turns in short slices, see `turns.rs` in `benches/common`.

use crate::{
    candidate::Candidate,
    replay,
    stream::{self, Step},
    subject::{self, Subject},
    workload::FieldWorkload,
};
use sharded_bench_common::{
    stats::{Interval, Latencies},
    turns,
};
use std::time::{Duration, Instant};

/// The approximate memory of all maps of a race. Beyond it, each map is built again for each slice.
const KEPT_BYTES: u64 = 1 << 30;
/// The approximate bytes of an entry without its value.
const ENTRY_BYTES: u64 = 40;

/// A candidate and its measurements.
pub(crate) struct Lane {
    pub(crate) candidate: Candidate,
    /// Operations per second in each slice.
    pub(crate) rates: Vec<f64>,
    pub(crate) latencies: Latencies,
    /// Bytes of its tables after the latest slice.
    pub(crate) bytes: usize,
    subject: Option<Box<dyn Subject>>,
}

impl Lane {
    pub(crate) fn new(candidate: Candidate) -> Self {
        Lane { candidate, rates: Vec::new(), latencies: Latencies::default(), bytes: 0, subject: None }
    }

    /// Nanoseconds that 99.9 % of the operations did not exceed.
    pub(crate) fn p999_ns(&self) -> u64 {
        self.latencies.at(0.999)
    }

    pub(crate) fn rate(&self) -> Option<f64> {
        Interval::of(self.rates.iter().copied()).map(|rates| rates.median)
    }
}

/// Candidates under one workload.
pub(crate) struct Race<'a> {
    pub(crate) lanes: Vec<Lane>,
    workload: &'a FieldWorkload,
    streams: &'a [Vec<Step>],
    round: usize,
}

impl<'a> Race<'a> {
    pub(crate) fn new(
        workload: &'a FieldWorkload,
        streams: &'a [Vec<Step>],
        candidates: impl IntoIterator<Item = Candidate>,
    ) -> Self {
        let mut lanes: Vec<Lane> = Vec::new();
        for candidate in candidates {
            let is_new = |lane: &Lane| {
                let (a, b) = (lane.candidate, candidate);
                Candidate { shards: None, ..a } != Candidate { shards: None, ..b } || a.shard_count() != b.shard_count()
            };
            if lanes.iter().all(is_new) {
                lanes.push(Lane::new(candidate));
            }
        }
        Race { lanes, workload, streams, round: 0 }
    }

    /// Gives each lane a slice, unless the time is over before. Returns whether all had theirs.
    pub(crate) fn round(&mut self, slice: Duration, until: Instant, tick: &mut dyn FnMut()) -> bool {
        let lanes = self.lanes.len();
        let each = self.workload.entries.saturating_mul(self.workload.value_bytes + ENTRY_BYTES);
        let keeps = each.saturating_mul(lanes as u64) <= KEPT_BYTES;
        // The first round follows the given order, because it may not be finished.
        for lane in turns::order(self.round, lanes) {
            if Instant::now() + slice > until {
                return false;
            }
            let lane = &mut self.lanes[lane];
            let subject = lane.subject.take().unwrap_or_else(|| filled(&lane.candidate, self.workload));
            let seen = replay::slice(&*subject, self.streams, self.round, slice);
            lane.rates.push(seen.rate);
            lane.latencies.add(&seen.latencies);
            lane.bytes = subject.stats().table_bytes;
            lane.subject = keeps.then_some(subject);
            tick();
        }
        self.round += 1;
        true
    }

    /// Keeps some of the lanes, and returns the others.
    pub(crate) fn keep(&mut self, keep: impl FnMut(&Lane) -> bool) -> Vec<Lane> {
        let mut keep = keep;
        let (kept, gone) = std::mem::take(&mut self.lanes).into_iter().partition(|lane| keep(lane));
        self.lanes = kept;
        gone
    }
}

fn filled(candidate: &Candidate, workload: &FieldWorkload) -> Box<dyn Subject> {
    let subject = subject::build(candidate, workload);
    for key in stream::present(workload) {
        subject.load(key);
    }
    subject
}
