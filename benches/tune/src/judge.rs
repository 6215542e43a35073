//! Which of the measured candidates is advised. It depends on their figures alone.

use crate::{
    candidate::Candidate,
    hits::HitCurve,
    outcome::{HotKey, Outcome, Point, Steady, Verdict},
    race::Lane,
    workload::FieldWorkload,
};
use sharded_bench_common::stats::Interval;

/// The least number of slices for a decision. From six on, bounds of 95 % exist.
const LEAST_SLICES: usize = 6;
/// Within this share of the best, the candidate that is closest to the declared policy is preferred.
const ALIKE: f64 = 0.02;
/// A p99.9 is much longer than another if it is longer than so many times the other...
const MUCH_LONGER: u64 = 2;
/// ...and by so many nanoseconds. Users don't notice less.
const NOTICED_NS: u64 = 1_000;

/// Whether a p99.9 is so much longer than the declared policy's that the advice says so.
pub(crate) fn is_much_longer(new_ns: u64, old_ns: u64) -> bool {
    new_ns > MUCH_LONGER * old_ns && new_ns - old_ns >= NOTICED_NS
}

/// Of the candidates that are as good as the best, the one with the fewest changes, then with the least memory.
pub(crate) fn choose<'a>(lanes: impl IntoIterator<Item = &'a Lane>, declared: &Candidate, value: &Value) -> Candidate {
    let lanes: Vec<&Lane> = lanes.into_iter().collect();
    let best = lanes.iter().filter_map(|lane| value.of(lane)).fold(0.0, f64::max);
    let alike = lanes.iter().filter(|lane| value.of(lane).is_some_and(|rate| rate >= best * (1.0 - ALIKE)));
    let simplest = alike.min_by_key(|lane| (lane.candidate.changes(declared).len(), lane.bytes));
    simplest.map_or(*declared, |lane| lane.candidate)
}

/// The chosen candidate, unless its p99.9 is much longer than the declared policy's. Then the best of those whose p99.9
/// is not.
pub(crate) fn choose_steady(lanes: &[Lane], declared: &Candidate, chosen: Candidate, value: &Value) -> Candidate {
    let find = |candidate: &Candidate| lanes.iter().find(|lane| lane.candidate == *candidate);
    let Some(old_ns) = find(declared).map(Lane::p999_ns) else { return chosen };
    let is_steady = |lane: &&Lane| !is_much_longer(lane.p999_ns(), old_ns);
    if find(&chosen).is_some_and(|lane| is_steady(&lane)) {
        return chosen;
    }
    choose(lanes.iter().filter(is_steady), declared, value)
}

/// What a decision depends on beside the figures.
pub(crate) struct Judge<'a> {
    pub(crate) workload: &'a FieldWorkload,
    pub(crate) declared: Candidate,
    pub(crate) least_gain: f64,
    pub(crate) threads: usize,
    pub(crate) value: Value,
}

impl Judge<'_> {
    /// The outcome of the last slices, in which the declared policy, the chosen one and the steady one took turns.
    pub(crate) fn outcome(
        &self,
        lanes: &[Lane],
        chosen: Candidate,
        steady: Candidate,
        sweep: Vec<Point>,
        hits: Vec<HitCurve>,
    ) -> Outcome {
        let find = |candidate: Candidate| lanes.iter().find(|lane| lane.candidate == candidate);
        let (old, new) = (find(self.declared), find(chosen));
        // With fewer slices the bounds would promise too much.
        let enough = new.is_some_and(|lane| lane.rates.len() >= LEAST_SLICES);
        let gain = old.zip(new).filter(|_| enough).and_then(|(old, new)| self.value.gain(old, new));
        let verdict = match gain {
            None => Verdict::Untried("the time was too short to measure anything".to_owned()),
            Some(gain) if chosen != self.declared && self.is_worth_a_change(&gain) => {
                Verdict::Change { to: chosen, gain }
            }
            Some(gain) => Verdict::Leave { gain },
        };
        let is_change = matches!(verdict, Verdict::Change { .. });
        let bytes = |lane: Option<&Lane>| lane.map_or(0, |lane| lane.bytes);
        Outcome {
            workload: self.workload.clone(),
            declared: Some(self.declared),
            verdict,
            steady: if is_change { self.steady(old, new, find(steady)) } else { None },
            rates: [old, new].map(|lane| lane.and_then(Lane::rate).unwrap_or(0.0)),
            rates_with_misses: [old, new].map(|lane| lane.and_then(|lane| self.value.of(lane)).unwrap_or(0.0)),
            p999_ns: [old, new].map(|lane| lane.map_or(0, Lane::p999_ns)),
            bytes: [bytes(old), bytes(new)],
            hot_key: HotKey::find(self.workload, &self.declared, self.threads, &sweep),
            threads: self.threads,
            sweep,
            hits,
        }
    }

    fn is_worth_a_change(&self, gain: &Interval) -> bool {
        gain.low > 1.0 + self.least_gain
    }

    /// The steady policy, if the advised one is not steady.
    fn steady(&self, old: Option<&Lane>, new: Option<&Lane>, steady: Option<&Lane>) -> Option<Steady> {
        let (old, new, steady) = (old?, new?, steady?);
        let gain = self.value.gain(old, steady)?;
        let p999_ns = steady.p999_ns();
        let is_offered = is_much_longer(new.p999_ns(), old.p999_ns())
            && !is_much_longer(p999_ns, old.p999_ns())
            && steady.candidate != self.declared
            && self.is_worth_a_change(&gain);
        is_offered.then_some(Steady { to: steady.candidate, gain, p999_ns })
    }
}

/// Corrects a rate for the cost of misses.
pub(crate) struct Value {
    /// Nanoseconds that it would cost if every operation missed, divided by the threads.
    miss_ns: f64,
    hits: Vec<HitCurve>,
}

impl Value {
    pub(crate) fn new(workload: &FieldWorkload, hits: &[HitCurve], threads: usize) -> Self {
        let fills = workload.mix.load as f64 / workload.mix.total() as f64;
        Value { miss_ns: workload.miss_ns as f64 * fills / threads as f64, hits: hits.to_vec() }
    }

    /// Operations per second, with the cost of misses.
    fn rate(&self, candidate: &Candidate, rate: f64) -> f64 {
        let Some((evict, capacity)) = candidate.cache else { return rate };
        let curve = self.hits.iter().find(|curve| curve.evict == evict);
        let missed = curve.and_then(|curve| curve.at(capacity)).map_or(0.0, |hit| 1.0 - hit);
        1e9 / (1e9 / rate + missed * self.miss_ns)
    }

    /// The ratio of one lane's rate to another's, slice by slice.
    pub(crate) fn gain(&self, old: &Lane, new: &Lane) -> Option<Interval> {
        let rates = new.rates.iter().zip(&old.rates);
        Interval::of(rates.map(|(&to, &from)| self.rate(&new.candidate, to) / self.rate(&old.candidate, from)))
    }

    pub(crate) fn of(&self, lane: &Lane) -> Option<f64> {
        lane.rate().map(|rate| self.rate(&lane.candidate, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::{Judge, Value, choose, choose_steady, is_much_longer};
    use crate::{
        candidate::{Candidate, Lock, Numa},
        outcome::Verdict,
        race::Lane,
        workload::Synthetic,
    };

    fn of(lock: Lock, shards: usize) -> Candidate {
        Candidate { lock, shards: Some(shards), cache: None, numa: Numa::Spread }
    }

    /// A lane with these measured figures: millions per second, and the time of one operation in a thousand.
    fn lane(candidate: Candidate, rate: f64, p999_ns: u64) -> Lane {
        let mut lane = Lane::new(candidate);
        lane.rates = vec![rate * 1e6; 8];
        (0..996).for_each(|_| lane.latencies.record(100));
        (0..4).for_each(|_| lane.latencies.record(p999_ns));
        lane
    }

    #[test]
    fn a_tail_is_much_longer_from_twice_and_a_microsecond_on() {
        assert!(is_much_longer(19_600, 3_200));
        assert!(!is_much_longer(6_000, 3_200), "less than twice");
        assert!(!is_much_longer(500, 100), "nobody notices 400 ns");
        assert!(!is_much_longer(100, 3_200));
    }

    #[test]
    fn a_fast_policy_with_a_long_tail_has_the_best_steady_one_beside_it() {
        let workload = Synthetic::default().workload().expect("possible");
        let [declared, fast, steady, slow] =
            [of(Lock::Mutex, 1), of(Lock::RwLock, 64), of(Lock::Mutex, 64), of(Lock::Mutex, 4)];
        let value = Value::new(&workload, &[], 2);
        let judged = |steady_rate: f64, fast_ns: u64| {
            let lanes = [
                lane(declared, 10.0, 3_200),
                lane(fast, 14.0, fast_ns),
                lane(steady, steady_rate, 3_000),
                lane(slow, 10.5, 3_000),
            ];
            let chosen = choose(&lanes, &declared, &value);
            assert_eq!(chosen, fast);
            let steady = choose_steady(&lanes, &declared, chosen, &value);
            let value = Value::new(&workload, &[], 2);
            let judge = Judge { workload: &workload, declared, least_gain: 0.03, threads: 2, value };
            judge.outcome(&lanes, chosen, steady, Vec::new(), Vec::new())
        };
        let outcome = judged(12.0, 19_600);
        assert!(matches!(outcome.verdict, Verdict::Change { to, .. } if to == fast));
        assert_eq!(outcome.steady.expect("one is faster").to, steady);
        // The next best takes its place, and it must gain enough.
        assert_eq!(judged(10.0, 19_600).steady.map(|steady| steady.to), Some(slow));
        // None is offered where the fast one is steady.
        assert!(judged(12.0, 3_300).steady.is_none());
    }
}
