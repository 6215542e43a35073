//! Synthetic workloads.

use super::{Declared, FieldWorkload, Mix, Popularity, Trace, WorkloadError};
use crate::ranks::Ranks;
use sharded_bench_common::random::{RngExt, seeded};

/// Accesses of a synthetic trace.
const TRACED: usize = 400_000;

/// A workload described by a few numbers.
///
/// # Examples
///
/// ```
/// use sharded_tune::workload::{Mix, Synthetic};
///
/// let mix = Mix { get: 95, insert: 5, ..Mix::default() };
/// let workload = Synthetic { mix, keys: 1000, skew: 0.99, ..Synthetic::default() }.workload()?;
/// assert_eq!(workload.entries, 1000);
/// # Ok::<(), sharded_tune::workload::WorkloadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// The field's name.
    pub field: String,
    /// Its present policy.
    pub declared: Declared,
    /// Threads that use the map concurrently.
    pub threads: u64,
    /// How often each operation is called.
    pub mix: Mix,
    /// The number of keys.
    pub keys: u64,
    /// The exponent of Zipf's law. With 0, all keys are equally popular.
    pub skew: f64,
    /// One key's share of the accesses, in addition to its share by the law.
    pub hot: f64,
    /// Per cent of the accesses that belong to scans over keys that are never used again.
    pub scan: u64,
    /// Entries at the start. `None`: all keys, or as many as the capacity allows.
    pub entries: Option<u64>,
    /// Bytes of a value.
    pub value_bytes: u64,
    /// Whether keys and values are `Copy`.
    pub copy: bool,
    /// Nanoseconds that a closure takes.
    pub hold_ns: u64,
    /// Nanoseconds that a miss costs.
    pub miss_ns: u64,
}

impl Default for Synthetic {
    /// Reads and one insert in ten, of 100,000 keys by Zipf's law (0.9), on four threads.
    fn default() -> Self {
        Synthetic {
            field: "map".to_owned(),
            declared: Declared::default(),
            threads: 4,
            mix: Mix { get: 90, insert: 10, ..Mix::default() },
            keys: 100_000,
            skew: 0.9,
            hot: 0.0,
            scan: 0,
            entries: None,
            value_bytes: 8,
            copy: true,
            hold_ns: 0,
            miss_ns: crate::tune::MISS_NS,
        }
    }
}

impl Synthetic {
    /// The workload that these numbers describe.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Impossible`], if there is no such workload.
    ///
    /// # Examples
    ///
    /// See [`Synthetic`].
    pub fn workload(&self) -> Result<FieldWorkload, WorkloadError> {
        let must = |holds: bool, what: &str| {
            if holds { Ok(()) } else { Err(WorkloadError::Impossible(what.to_owned())) }
        };
        must((1..=1 << 32).contains(&self.keys), "there must be from one key to 2^32")?;
        must((0.0..=5.0).contains(&self.skew), "the skew must lie between 0 and 5")?;
        must((0.0..1.0).contains(&self.hot), "the hot key's share must be from 0 up to but not 1")?;
        must(self.scan < 100, "scans must be less than 100 % of the accesses")?;
        let keys = Popularity { curve: curve(self.keys, self.skew, self.hot) };
        let trace = (self.scan > 0).then(|| scanned(&keys, self.scan));
        let limit = self.declared.capacity.unwrap_or(u64::MAX);
        let workload = FieldWorkload {
            store: "Store".to_owned(),
            field: self.field.clone(),
            declared: self.declared.clone(),
            threads: self.threads,
            mix: self.mix,
            hold_ns: self.hold_ns,
            miss_ns: self.miss_ns,
            entries: self.entries.unwrap_or(self.keys).min(limit),
            value_bytes: self.value_bytes,
            copy: self.copy,
            keys,
            trace,
            seen: None,
        };
        workload.check()?;
        Ok(workload)
    }
}

/// Points at ranks 1 to 16, and then at ranks that grow by half.
fn curve(keys: u64, skew: f64, hot: f64) -> Vec<(u64, u64)> {
    const WHOLE: f64 = 1e12;
    let mut ranks: Vec<u64> = (1..=keys.min(16)).collect();
    while let Some(&last) = ranks.last()
        && last < keys
    {
        ranks.push((last + last.div_ceil(2)).min(keys));
    }
    let mut sums = Vec::with_capacity(ranks.len());
    let (mut sum, mut below) = (0.0, 0);
    for &rank in &ranks {
        sum += weight(below, rank, skew);
        sums.push(sum);
        below = rank;
    }
    let mut least = 0;
    let point = |(rank, part): (u64, f64)| {
        // The curve rises by at least one.
        least = ((WHOLE * (hot + (1.0 - hot) * part / sum)) as u64).max(least + 1);
        (rank, least)
    };
    ranks.into_iter().zip(sums).map(point).collect()
}

/// The weight of the ranks above `below` up to `rank`: the integral between the middles of ranks, which is close enough
/// to the sum.
fn weight(below: u64, rank: u64, skew: f64) -> f64 {
    if rank == below + 1 {
        return (rank as f64).powf(-skew);
    }
    let (from, to) = (below as f64 + 0.5, rank as f64 + 0.5);
    if (skew - 1.0).abs() < 1e-9 {
        (to / from).ln()
    } else {
        (to.powf(1.0 - skew) - from.powf(1.0 - skew)) / (1.0 - skew)
    }
}

/// Popular keys, and between them up to a thousand others in a row that are never used again.
fn scanned(keys: &Popularity, per_cent: u64) -> Trace {
    let (ranks, mut random) = (Ranks::new(keys), seeded(1));
    let mut trace = Vec::with_capacity(TRACED);
    let mut once = u32::MAX;
    while trace.len() < TRACED {
        let run = random.random_range(100..1000_u64);
        let popular = run * (100 - per_cent) / per_cent;
        trace.extend((0..popular).map(|_| ranks.draw(&mut random) as u32));
        trace.extend((0..run as u32).map(|number| once - number));
        once -= run as u32;
    }
    trace.truncate(TRACED);
    Trace { one_in: 1, keys: trace }
}
