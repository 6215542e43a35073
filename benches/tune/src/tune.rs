//! Which policies are measured, for how long, and which of them is advised.

use crate::{
    candidate::{Candidate, Evict, Lock, Numa},
    hits::{self, HitCurve},
    judge::{self, Judge, Value},
    outcome::{Outcome, Point},
    race::{Lane, Race},
    stream, subject,
    workload::FieldWorkload,
};
use indicatif::{ProgressBar, ProgressStyle};
use sharded::topology::Topology;
use sharded_bench_common::stats::Interval;
use std::{
    thread,
    time::{Duration, Instant},
};

/// The assumed cost of a miss if it is unknown: a query in the same data centre takes some tens of microseconds.
pub(crate) const MISS_NS: u64 = 20_000;

/// The first numbers of shards. Later, those beside the best one are tried.
const SHARDS: [usize; 6] = [64, 1, 16, 256, 4, 1024];
/// A candidate drops out if it has less than this share of the fastest rate.
const CLEARLY_WORSE: f64 = 0.85;
/// The most candidates that are measured again beside the declared one.
const FINALISTS: usize = 4;

/// How a workload is tuned.
///
/// # Examples
///
/// ```
/// use sharded_tune::Options;
/// use std::time::Duration;
///
/// let options = Options { time: Duration::from_secs(20), ..Options::default() };
/// assert_eq!(options.least_gain, 0.03);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The most time, without the time to fill one map.
    pub time: Duration,
    /// The number of threads. `None`: those of the workload, up to twice the CPUs.
    pub threads: Option<usize>,
    /// The least gain that is worth a change, as a share.
    pub least_gain: f64,
    /// The largest capacity that may be advised, in entries. `None`: only the declared one.
    pub most_entries: Option<u64>,
    /// The seed of the keys.
    pub seed: u64,
    /// Whether a terminal shows a progress bar.
    pub progress: bool,
}

impl Default for Options {
    /// A minute, and a least gain of 3 per cent.
    fn default() -> Self {
        Options {
            time: Duration::from_mins(1),
            threads: None,
            least_gain: 0.03,
            most_entries: None,
            seed: 1,
            progress: false,
        }
    }
}

impl Options {
    /// The number of threads that replay this workload.
    pub(crate) fn threads_for(&self, workload: &FieldWorkload) -> usize {
        let cpus = thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(|| (workload.threads as usize).min(2 * cpus)).max(1)
    }
}

/// Replays a workload under many policies, and finds the one that serves it best on this machine.
///
/// It finds the hit ratio first, for every eviction and for capacities around the declared one. Then every lock with
/// several numbers of shards takes turns in short slices, and candidates that are clearly slower drop out. The best few
/// and the declared policy are measured again. Of equally good ones, the one closest to the declared policy is chosen.
/// If its p99.9 is much longer than the declared policy's, the best of those whose is not stays too. Finally, these and
/// the declared policy take turns for the rest of the time. Only these slices decide about the advice, because the best
/// of many candidates looks better than it is.
///
/// O(time). It uses up to a gibibyte of memory, or the memory of one map if that is more.
///
/// # Examples
///
/// See [the crate](crate).
#[must_use]
pub fn tune(workload: &FieldWorkload, options: &Options) -> Outcome {
    let declared = match workload
        .check()
        .map_err(|error| error.to_string())
        .and_then(|()| Candidate::declared(&workload.declared))
    {
        Ok(declared) if subject::serves(declared.lock, workload) => declared,
        Ok(declared) => {
            let why = format!("values of this size are not tried with `lock = {}`", declared.lock.name());
            return Outcome::untried(workload, why);
        }
        Err(why) => return Outcome::untried(workload, why),
    };
    Tuning::new(workload, options, declared).run()
}

/// The ratio of each candidate's rate to the declared policy's, with the cost of misses, or `None` if the time was too
/// short. All of them take turns for the whole time.
pub(crate) fn compare(
    workload: &FieldWorkload,
    options: &Options,
    declared: Candidate,
    candidates: &[Candidate],
) -> Vec<Option<Interval>> {
    let tuning = Tuning::new(workload, options, declared);
    let threads = options.threads_for(workload);
    let streams = stream::streams(workload, threads, options.seed);
    let value = Value::new(workload, &hits::curves(workload, &declared, tuning.at(15)), threads);
    let mut race = Race::new(workload, &streams, [declared].into_iter().chain(candidates.iter().copied()));
    tuning.rounds(&mut race, tuning.at(100));
    tuning.bar.finish_and_clear();
    let lane = |candidate: &Candidate| race.lanes.iter().find(|lane| lane.candidate == *candidate);
    candidates.iter().map(|candidate| value.gain(lane(&declared)?, lane(candidate)?)).collect()
}

struct Tuning<'a> {
    workload: &'a FieldWorkload,
    options: &'a Options,
    declared: Candidate,
    began: Instant,
    bar: ProgressBar,
}

impl<'a> Tuning<'a> {
    fn new(workload: &'a FieldWorkload, options: &'a Options, declared: Candidate) -> Self {
        let bar =
            if options.progress { ProgressBar::new(options.time.as_millis() as u64) } else { ProgressBar::hidden() };
        let style =
            ProgressStyle::with_template("{msg:<40} {bar:30} {percent:>3} % of {prefix}").expect("a valid template");
        let bar = bar.with_style(style).with_message(format!("{}.{}", workload.store, workload.field));
        Tuning {
            workload,
            options,
            declared,
            began: Instant::now(),
            bar: bar.with_prefix(format!("{:.0?}", options.time)),
        }
    }

    /// The moment at which this share of the time, in per cent, is over.
    fn at(&self, per_cent: u32) -> Instant {
        self.began + self.options.time * per_cent / 100
    }

    fn tick(&self) {
        self.bar.set_position(self.began.elapsed().as_millis() as u64);
    }

    fn run(self) -> Outcome {
        let threads = self.options.threads_for(self.workload);
        let streams = stream::streams(self.workload, threads, self.options.seed);
        let hits = hits::curves(self.workload, &self.declared, self.at(15));
        let value = Value::new(self.workload, &hits, threads);

        let mut race = Race::new(self.workload, &streams, self.grid(&hits));
        let sweep = self.sweep(&mut race, &value);
        let finalists = self.finalists(&race.lanes, &value);
        drop(race);

        // Slices of its own, drawn anew, so that luck in the first ones counts for nothing.
        let streams = stream::streams(self.workload, threads, self.options.seed + 1);
        let mut race = Race::new(self.workload, &streams, finalists);
        self.rounds(&mut race, self.at(70));
        let chosen = judge::choose(&race.lanes, &self.declared, &value);
        let steady = judge::choose_steady(&race.lanes, &self.declared, chosen, &value);
        race.keep(|lane| [self.declared, chosen, steady].contains(&lane.candidate));
        race.lanes.iter_mut().for_each(|lane| lane.rates.clear());
        self.rounds(&mut race, self.at(100));
        self.bar.finish_and_clear();
        let judge = Judge {
            workload: self.workload,
            declared: self.declared,
            least_gain: self.options.least_gain,
            threads,
            value,
        };
        judge.outcome(&race.lanes, chosen, steady, sweep, hits)
    }

    /// All candidates: the declared policy, then locks and shards in an order that may be cut off anywhere.
    fn grid(&self, hits: &[HitCurve]) -> Vec<Candidate> {
        let mut grid = vec![self.declared];
        let mut counts: Vec<Option<usize>> = vec![self.declared.shards, None];
        counts.extend(SHARDS.map(Some));
        for cache in self.caches(hits) {
            for &shards in &counts {
                let locks = Lock::ALL.iter().filter(|&&lock| subject::serves(lock, self.workload));
                let with = |&lock: &Lock| Candidate { lock, shards, cache, numa: self.declared.numa };
                grid.extend(locks.map(|lock| with(lock).written_like(&self.declared)));
            }
        }
        grid
    }

    /// The declared eviction and the one with the best hit ratio, and the same with another capacity if that was
    /// requested.
    fn caches(&self, hits: &[HitCurve]) -> Vec<Option<(Evict, u64)>> {
        let Some((evict, declared)) = self.declared.cache else { return vec![None] };
        let mut caches = vec![Some((evict, declared))];
        let best_at = |capacity| {
            let ratio = |curve: &&HitCurve| curve.at(capacity).unwrap_or(0.0);
            hits.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b))).map(|curve| (curve.evict, capacity))
        };
        caches.push(best_at(declared));
        if let Some(most) = self.options.most_entries {
            let knees = hits.iter().filter_map(HitCurve::knee).map(|knee| knee.0).filter(|&capacity| capacity <= most);
            caches.push(knees.min().and_then(best_at));
            let largest = hits.iter().flat_map(|curve| &curve.points).map(|point| point.0).filter(|&c| c <= most);
            caches.push(largest.max().and_then(best_at));
        }
        caches.retain(Option::is_some);
        let mut seen = Vec::new();
        caches.retain(|cache| {
            !seen.contains(cache) && {
                seen.push(*cache);
                true
            }
        });
        caches
    }

    /// Turns for all, until few are left. Returns the points of each lock over its shards.
    fn sweep(&self, race: &mut Race<'_>, value: &Value) -> Vec<Point> {
        let until = self.at(50);
        let left = until.saturating_duration_since(Instant::now());
        // Two rounds for all, and as much again for those that are left.
        let slice =
            (left / 4 / race.lanes.len().max(1) as u32).clamp(Duration::from_millis(2), Duration::from_millis(40));
        let mut gone = Vec::new();
        while race.lanes.len() > FINALISTS {
            let ran = (0..2).all(|_| race.round(slice, until, &mut || self.tick()));
            let best = race.lanes.iter().filter_map(|lane| value.of(lane)).fold(0.0, f64::max);
            let mut rates: Vec<f64> = race.lanes.iter().filter_map(|lane| value.of(lane)).collect();
            rates.sort_by(|a, b| b.total_cmp(a));
            // At least a quarter goes, so that it ends; whoever is not clearly worse may stay otherwise.
            let middle = rates.get((race.lanes.len() * 3 / 4).max(FINALISTS)).copied().unwrap_or(0.0);
            let stays = |lane: &Lane| value.of(lane).is_some_and(|rate| rate > middle && rate >= CLEARLY_WORSE * best);
            gone.extend(race.keep(|lane| lane.candidate == self.declared || stays(lane)));
            if !ran {
                break;
            }
        }
        let lanes = race.lanes.iter().chain(&gone);
        let of_declared_cache = lanes.filter(|lane| lane.candidate.cache == self.declared.cache);
        let mut points: Vec<Point> = of_declared_cache.filter_map(Point::of).collect();
        points.sort_by_key(|point| (point.lock as u8, point.shards));
        points
    }

    /// The best candidates, the neighbours of the best one, and the declared policy.
    fn finalists(&self, lanes: &[Lane], value: &Value) -> Vec<Candidate> {
        let mut lanes: Vec<(Candidate, f64)> =
            lanes.iter().filter_map(|lane| Some((lane.candidate, value.of(lane)?))).collect();
        lanes.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut finalists = vec![self.declared];
        finalists.extend(lanes.iter().take(FINALISTS).map(|lane| lane.0));
        if let Some((best, _)) = lanes.first() {
            // Perhaps one of its changes is all that counts.
            finalists.push(Candidate { cache: best.cache, ..self.declared });
            finalists.push(Candidate { lock: best.lock, ..self.declared });
            finalists.push(Candidate { shards: best.shards, ..self.declared });
            let beside = |shards: usize| Candidate { shards: Some(shards), ..*best };
            let shards = best.shard_count();
            finalists.extend([beside((shards / 2).max(1)), beside((shards * 2).min(sharded::shards::MAX_SHARDS))]);
            // On one node all placements are the same.
            if Topology::current().nodes().len() > 1 {
                finalists.extend(Numa::ALL.iter().map(|&numa| Candidate { numa, ..*best }));
            }
        }
        finalists.into_iter().map(|finalist| finalist.written_like(&self.declared)).collect()
    }

    fn rounds(&self, race: &mut Race<'_>, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        let slice =
            (left / 10 / race.lanes.len().max(1) as u32).clamp(Duration::from_millis(2), Duration::from_millis(50));
        while race.round(slice, until, &mut || self.tick()) {}
    }
}
