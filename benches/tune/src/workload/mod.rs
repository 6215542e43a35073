//! Workloads of maps: recorded ones and synthetic ones.
//!
//! # The file
//!
//! A workload file is one JSON document, in UTF-8:
//!
//! ```json
//! {"format":"sharded-load","version":1,"checksum":"af63dc4c8601ec8c","body":{"cpus":16,"fields":[]}}
//! ```
//!
//! `checksum` is the FNV-1a hash, 64 bits in hexadecimal, of the bytes of `body` in the file. A file written by hand
//! may leave it out. Another `format`, a `version` other than 1, a wrong checksum, an unknown name and an impossible
//! number are errors. The file has no user data: keys are ranks or hashes.
//!
//! `body` is a [`Workload`] and `fields` are [`FieldWorkload`]s. The names in the file are those of the fields of these
//! types.

mod file;
mod planted;
mod synthetic;

pub use file::WorkloadError;
pub(crate) use planted::planted;
pub use synthetic::Synthetic;

use serde::{Deserialize, Serialize};

/// The workloads of a program's maps.
///
/// # Examples
///
/// ```
/// use sharded_tune::workload::{Workload, Synthetic};
///
/// let workload = Workload { cpus: 8, fields: vec![Synthetic::default().workload()?] };
/// assert_eq!(Workload::parse(&workload.to_text())?, workload);
/// # Ok::<(), sharded_tune::workload::WorkloadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// CPUs of the recorded machine.
    pub cpus: u64,
    /// The workload of each map.
    pub fields: Vec<FieldWorkload>,
}

/// The workload of one map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWorkload {
    /// The struct's name.
    pub store: String,
    /// The field's name.
    pub field: String,
    /// Its present policy.
    pub declared: Declared,
    /// Threads that use the map concurrently.
    pub threads: u64,
    /// How often each operation is called.
    pub mix: Mix,
    /// Nanoseconds that a closure on an entry takes. A recorder writes the mean without the longest hundredth, or 0 if
    /// none ran.
    pub hold_ns: u64,
    /// Nanoseconds that a miss costs. A recorder writes the median, or 20,000 if it saw no miss.
    pub miss_ns: u64,
    /// The typical number of entries.
    pub entries: u64,
    /// Bytes of a value, including what it points to.
    pub value_bytes: u64,
    /// Whether keys and values are `Copy`, as `lock = Optimistic` requires.
    pub copy: bool,
    /// How often each key is used.
    pub keys: Popularity,
    /// The order in which keys are used, if it is known.
    #[serde(default)]
    pub trace: Option<Trace>,
    /// Other observations of the recorder, for reports.
    #[serde(default)]
    pub seen: Option<Seen>,
}

/// The declared policy of a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// `Mutex`, `RwLock`, `Optimistic`, `Rcu`, or the path of another.
    pub lock: String,
    /// `None` is `auto`.
    pub shards: Option<u64>,
    /// `Sieve`, `Lru`, `Adaptive`, `S3Fifo`, `TinyLfu`, `Unbounded`, or another.
    pub evict: String,
    /// In entries. `None`: no capacity is declared.
    pub capacity: Option<u64>,
    /// `Spread`, `Local`, `Off`, or another.
    pub numa: String,
    /// Milliseconds from the write.
    pub ttl_ms: Option<u64>,
    /// Milliseconds from the last use.
    pub idle_ms: Option<u64>,
}

impl Default for Declared {
    /// The policy without declarations.
    fn default() -> Self {
        Declared {
            lock: "Mutex".to_owned(),
            shards: None,
            evict: "Unbounded".to_owned(),
            capacity: None,
            numa: "Spread".to_owned(),
            ttl_ms: None,
            idle_ms: None,
        }
    }
}

/// How often each operation is called, in proportion to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Copies a value: `get`.
    #[serde(default)]
    pub get: u64,
    /// Reads a value in a closure: `with`.
    #[serde(default)]
    pub read: u64,
    /// Stores an entry: `insert`.
    #[serde(default)]
    pub insert: u64,
    /// Removes an entry: `remove`.
    #[serde(default)]
    pub remove: u64,
    /// Changes a value in a closure: `with_mut`, `upsert`.
    #[serde(default)]
    pub update: u64,
    /// Reads, and stores a missing value: `get_or_insert_with`, or a `get` and, after a miss, an `insert`.
    #[serde(default)]
    pub load: u64,
}

impl Mix {
    /// The counts in the order of [`Operation`](crate::stream::Operation).
    pub(crate) fn counts(&self) -> [u64; 6] {
        [self.get, self.read, self.insert, self.remove, self.update, self.load]
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts().iter().sum()
    }
}

/// How often each key is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Popularity {
    /// Points: a number of the most popular keys, and the accesses of all of these. Both numbers rise. The last point
    /// has all keys and all accesses.
    pub curve: Vec<(u64, u64)>,
}

impl Popularity {
    pub(crate) fn distinct(&self) -> u64 {
        self.curve.last().map_or(0, |point| point.0)
    }

    /// The most popular key's share of the accesses.
    pub(crate) fn hottest(&self) -> f64 {
        match (self.curve.first(), self.curve.last()) {
            (Some(first), Some(last)) => first.1 as f64 / first.0 as f64 / last.1 as f64,
            _ => 0.0,
        }
    }
}

/// The keys of accesses, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// One key in this number was followed, with each of its accesses. A cache whose capacity is smaller by this factor
    /// has about the hit ratio on the trace that the whole cache has on all accesses (Waldspurger et al., SHARDS, FAST
    /// 2015).
    pub one_in: u64,
    /// Hashes of the keys.
    pub keys: Vec<u32>,
}

impl Trace {
    /// The keys, if these are all accesses and not a sample.
    pub(crate) fn whole(&self) -> Option<&[u32]> {
        (self.one_in == 1 && !self.keys.is_empty()).then_some(&self.keys)
    }
}

/// Other observations of the recorder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Milliseconds of the recording.
    pub ms: u64,
    /// Operations during the recording.
    pub operations: u64,
    /// Reads that found an entry.
    pub hits: u64,
    /// Reads that found none.
    pub misses: u64,
    /// Entries that expired.
    pub expired: u64,
    /// Entries that were evicted.
    pub evicted: u64,
    /// Sampled operations in each shard.
    pub shards: Vec<u64>,
    /// Sampled operations that met another thread, in each shard.
    pub contended: Vec<u64>,
    /// Milliseconds between the insert and the removal of sampled entries, in ascending order.
    pub lifetimes_ms: Vec<u64>,
}
