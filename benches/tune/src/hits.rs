//! The hit ratio of a cache over its capacity. The keys are replayed on one thread, since the order of requests decides
//! the hits, and time does not.

use crate::{
    candidate::{Candidate, Evict, Lock, Numa},
    ranks::Ranks,
    subject,
    workload::FieldWorkload,
};
use sharded_bench_common::random::seeded;
use std::time::Instant;

/// Replayed requests for each entry of the declared capacity, and the least and the most of all. The first half only
/// fills the cache.
const REQUESTS_PER_ENTRY: u64 = 200;
const REQUESTS: (u64, u64) = (10_000, 400_000);
/// The capacities to try, in quarters of the declared one.
const QUARTERS: [u64; 7] = [1, 2, 3, 4, 8, 16, 32];
/// The smallest cache, in entries, that a sampled trace is replayed to.
const LEAST: u64 = 64;
/// A doubling of the capacity must gain this share of the requests.
const WORTH: f64 = 0.01;

/// The hit ratio of one eviction at rising capacities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HitCurve {
    pub(crate) evict: Evict,
    /// Capacities, in entries of the whole map, and shares of the requests that hit.
    pub(crate) points: Vec<(u64, f64)>,
}

impl HitCurve {
    /// The hit ratio at this capacity.
    pub(crate) fn at(&self, capacity: u64) -> Option<f64> {
        self.points.iter().find(|point| point.0 == capacity).map(|point| point.1)
    }

    /// The knee: the smallest capacity that was tried from which on no doubling gains a hundredth of the requests.
    pub(crate) fn knee(&self) -> Option<(u64, f64)> {
        let gains = |from: &(u64, f64)| {
            let doubled = self.points.iter().find(|to| to.0 >= 2 * from.0);
            doubled.map(|to| (to.1 - from.1) / (to.0 as f64 / from.0 as f64).log2())
        };
        // The last points have no doubling to compare with.
        let judged = self.points.iter().filter(|point| gains(point).is_some()).count();
        let flat = self.points[..judged].iter().rev().take_while(|point| gains(point).is_some_and(|gain| gain < WORTH));
        flat.last().copied()
    }
}

/// The curve of each eviction, as far as the time allows. The declared capacity is always in it, because evictions are
/// compared there. Without a capacity there are no curves.
pub(crate) fn curves(workload: &FieldWorkload, declared: &Candidate, until: Instant) -> Vec<HitCurve> {
    let Some((_, declared_capacity)) = declared.cache else { return Vec::new() };
    let (one_in, keys) = requests(workload, declared_capacity);
    let mut capacities: Vec<u64> = QUARTERS.iter().map(|quarters| (declared_capacity * quarters / 4).max(1)).collect();
    capacities.dedup();
    let mut curves: Vec<HitCurve> = Evict::ALL.iter().map(|&evict| HitCurve { evict, points: Vec::new() }).collect();
    capacities.sort_by_key(|&capacity| (capacity != declared_capacity, capacity));
    for capacity in capacities {
        let until = (capacity != declared_capacity).then_some(until);
        for curve in &mut curves {
            let cache = Some((curve.evict, (capacity / one_in).max(1)));
            let candidate = Candidate { lock: Lock::Mutex, cache, numa: Numa::Off, ..*declared };
            let share = hit_ratio(workload, &candidate, &keys, until);
            curve.points.extend(share.map(|share| (capacity, share)));
        }
    }
    for curve in &mut curves {
        curve.points.sort_by_key(|point| point.0);
    }
    curves
}

/// The requested keys, and the number of keys that each represents.
///
/// If the cache would have very few entries of a sampled trace, the keys are drawn by their popularity instead.
fn requests(workload: &FieldWorkload, capacity: u64) -> (u64, Vec<u64>) {
    let sampled = workload.trace.as_ref().filter(|trace| trace.keys.len() >= 1000 && capacity / trace.one_in >= LEAST);
    let one_in = sampled.map_or(1, |trace| trace.one_in);
    let requests = (capacity / one_in).saturating_mul(REQUESTS_PER_ENTRY).clamp(REQUESTS.0, REQUESTS.1) as usize;
    if let Some(trace) = sampled {
        (one_in, trace.keys.iter().take(requests).map(|&key| u64::from(key)).collect())
    } else {
        let (ranks, mut random) = (Ranks::new(&workload.keys), seeded(7));
        (one_in, (0..requests).map(|_| ranks.draw(&mut random)).collect())
    }
}

/// The hit ratio, or `None` if the time was over before.
fn hit_ratio(workload: &FieldWorkload, candidate: &Candidate, keys: &[u64], until: Option<Instant>) -> Option<f64> {
    // Neither times nor sizes matter here.
    let plain = FieldWorkload { value_bytes: 8, hold_ns: 0, trace: None, ..workload.clone() };
    let map = subject::build(candidate, &plain);
    let (warming, counted) = keys.split_at(keys.len() / 2);
    let play = |keys: &[u64]| {
        let before = map.stats();
        for batch in keys.chunks(1024) {
            if until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            for &key in batch {
                map.load(key);
            }
        }
        Some(map.stats() - before)
    };
    play(warming)?;
    play(counted).map(|played| played.hit_ratio().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::HitCurve;
    use crate::candidate::Evict;

    #[test]
    fn the_knee_is_where_doubling_stops_to_pay() {
        let curve = |points: &[(u64, f64)]| HitCurve { evict: Evict::Sieve, points: points.to_vec() };
        assert_eq!(curve(&[(1, 0.1), (2, 0.5), (4, 0.505), (8, 0.506)]).knee(), Some((2, 0.5)));
        assert_eq!(curve(&[(1, 0.1), (2, 0.2), (4, 0.3), (8, 0.4)]).knee(), None, "it goes on rising");
        // A plateau before a step is not a knee.
        assert_eq!(curve(&[(1, 0.1), (2, 0.1), (4, 0.6), (8, 0.6)]).knee(), Some((4, 0.6)));
        assert_eq!(curve(&[]).knee(), None);
    }
}
