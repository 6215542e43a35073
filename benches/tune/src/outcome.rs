//! The advice for a map.

use crate::{
    candidate::{Candidate, Lock},
    hits::HitCurve,
    race::Lane,
    workload::FieldWorkload,
};
use sharded_bench_common::stats::Interval;
use std::fmt::Write as _;

/// The result of tuning one map.
///
/// Its `Display` is the advice in words.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The replayed workload.
    pub workload: FieldWorkload,
    /// The present policy, if it can be tried.
    pub declared: Option<Candidate>,
    /// The advice.
    pub verdict: Verdict,
    /// The best policy whose p99.9 is not much longer than the declared policy's, if the advised policy's is.
    pub steady: Option<Steady>,
    /// Operations per second of the declared and of the chosen policy, all threads together, without the cost of
    /// misses.
    pub rates: [f64; 2],
    /// The same with the cost of misses. The gain is the ratio of these.
    pub rates_with_misses: [f64; 2],
    /// Nanoseconds that 99.9 % of the operations did not exceed, of both.
    pub p999_ns: [u64; 2],
    /// Bytes of the tables, of both.
    pub bytes: [usize; 2],
    /// A key that limits the map whatever the number of shards.
    pub hot_key: Option<HotKey>,
    /// Threads of the replay.
    pub threads: usize,
    /// Each lock over the shards.
    pub(crate) sweep: Vec<Point>,
    pub(crate) hits: Vec<HitCurve>,
}

/// The advice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// A policy is faster than the declared one by more than the measurements vary.
    Change {
        /// The policy.
        to: Candidate,
        /// The ratio of its rate to the declared policy's.
        gain: Interval,
    },
    /// No policy is faster by more than the measurements vary.
    Leave {
        /// The ratio of the best other policy's rate to the declared policy's.
        gain: Interval,
    },
    /// Nothing could be measured, for this reason.
    Untried(String),
}

/// A policy that is faster than the declared one, and whose p99.9 is not much longer.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Steady {
    /// The policy.
    pub to: Candidate,
    /// The ratio of its rate to the declared policy's.
    pub gain: Interval,
    /// Nanoseconds that 99.9 % of its operations did not exceed.
    pub p999_ns: u64,
}

/// A key with so many accesses that its shard is the bottleneck, however many shards there are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HotKey {
    /// Its share of all accesses.
    pub share: f64,
    /// The ratio of the rate with at least four times the shards to the rate with the declared number.
    pub more_shards: f64,
}

/// A lock with a number of shards, in the first rounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) lock: Lock,
    pub(crate) shards: usize,
    /// Operations per second.
    pub(crate) rate: Interval,
    pub(crate) p999_ns: u64,
}

impl Point {
    pub(crate) fn of(lane: &Lane) -> Option<Self> {
        let candidate = &lane.candidate;
        let rate = Interval::of(lane.rates.iter().copied())?;
        let p999_ns = lane.latencies.at(0.999);
        Some(Point { lock: candidate.lock, shards: candidate.shard_count(), rate, p999_ns })
    }
}

impl HotKey {
    /// The share of the accesses from which on a key is hot.
    const SHARE: f64 = 0.1;
    /// The number of threads that must use it at once, on average.
    const THREADS: f64 = 0.8;
    /// A gain by more shards must be this large to count.
    const HELPS: f64 = 1.15;

    pub(crate) fn find(
        workload: &FieldWorkload,
        declared: &Candidate,
        threads: usize,
        sweep: &[Point],
    ) -> Option<Self> {
        let share = workload.keys.hottest();
        let of_lock = || sweep.iter().filter(|point| point.lock == declared.lock);
        let now = of_lock().find(|point| point.shards == declared.shard_count())?;
        let more = of_lock().filter(|point| point.shards >= 4 * now.shards).map(|point| point.rate.median);
        let more_shards = more.fold(0.0, f64::max) / now.rate.median;
        // Without readers in each other's way a hot key is no problem: the processor's caches like it.
        let waits = !lock_shares(declared.lock) || workload.mix.insert + workload.mix.remove + workload.mix.update > 0;
        (share >= Self::SHARE
            && share * threads as f64 >= Self::THREADS
            && waits
            && more_shards > 0.0
            && more_shards < Self::HELPS)
            .then_some(HotKey { share, more_shards })
    }
}

fn lock_shares(lock: Lock) -> bool {
    matches!(lock, Lock::Optimistic | Lock::Rcu)
}

impl Outcome {
    pub(crate) fn untried(workload: &FieldWorkload, why: String) -> Self {
        Outcome {
            workload: workload.clone(),
            declared: None,
            verdict: Verdict::Untried(why),
            steady: None,
            rates: [0.0; 2],
            rates_with_misses: [0.0; 2],
            p999_ns: [0; 2],
            bytes: [0; 2],
            hot_key: None,
            threads: 0,
            sweep: Vec::new(),
            hits: Vec::new(),
        }
    }

    /// The options to change, as names and values of an attribute. Empty if the advice is to leave the policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_tune::{Options, workload::Synthetic, tune};
    /// use std::time::Duration;
    ///
    /// let options = Options { time: Duration::from_millis(200), ..Options::default() };
    /// for (option, value) in tune(&Synthetic::default().workload()?, &options).changes() {
    ///     println!("{option} = {value}");
    /// }
    /// # Ok::<(), sharded_tune::workload::WorkloadError>(())
    /// ```
    #[must_use]
    pub fn changes(&self) -> Vec<(&'static str, String)> {
        match (&self.verdict, &self.declared) {
            (Verdict::Change { to, .. }, Some(declared)) => to.changes(declared),
            _ => Vec::new(),
        }
    }

    /// The whole advised attribute. It lacks what a workload lacks, such as a hasher or the reason why a map is
    /// unbounded.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_tune::{Options, workload::Synthetic, tune};
    /// use std::time::Duration;
    ///
    /// let options = Options { time: Duration::from_millis(200), ..Options::default() };
    /// let line = tune(&Synthetic::default().workload()?, &options).line();
    /// assert!(line.starts_with("#[shard(lock = "));
    /// # Ok::<(), sharded_tune::workload::WorkloadError>(())
    /// ```
    #[must_use]
    pub fn line(&self) -> String {
        self.line_of(self.advised())
    }

    /// The whole attribute with this policy, or with what could not be tried.
    pub(crate) fn line_of(&self, policy: Option<Candidate>) -> String {
        let mut options = match policy {
            Some(policy) => policy.to_string(),
            None => format!("lock = {}", self.workload.declared.lock),
        };
        let declared = &self.workload.declared;
        for (name, time) in [("ttl", declared.ttl_ms), ("idle", declared.idle_ms)] {
            if let Some(time) = time {
                _ = write!(options, ", {name} = \"{}\"", written(time));
            }
        }
        if declared.capacity.is_none() && declared.ttl_ms.is_none() && declared.idle_ms.is_none() {
            options += ", unbounded = \"…\"";
        }
        format!("#[shard({options})]")
    }

    /// How much slower the declared policy is than the advised one, in per cent of the latter, at the lower bound. 0 if
    /// the advice is to leave it.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_tune::{Options, workload::Synthetic, tune};
    /// use std::time::Duration;
    ///
    /// let options = Options { time: Duration::from_millis(200), ..Options::default() };
    /// let off = tune(&Synthetic::default().workload()?, &options).per_cent_off();
    /// assert!((0.0..100.0).contains(&off));
    /// # Ok::<(), sharded_tune::workload::WorkloadError>(())
    /// ```
    #[must_use]
    pub fn per_cent_off(&self) -> f64 {
        match self.verdict {
            Verdict::Change { gain, .. } => 100.0 * (1.0 - 1.0 / gain.low),
            _ => 0.0,
        }
    }

    /// The policy that the map should have.
    pub(crate) fn advised(&self) -> Option<Candidate> {
        match self.verdict {
            Verdict::Change { to, .. } => Some(to),
            _ => self.declared,
        }
    }
}

/// A time as in an attribute.
fn written(milliseconds: u64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let (unit, size) = units.into_iter().find(|unit| milliseconds.is_multiple_of(unit.1)).unwrap_or(("ms", 1));
    format!("{}{unit}", milliseconds / size)
}
