//! What is done to a map: by a program that was recorded, or made up.
//!
//! # The file
//!
//! A workload file is one JSON document, in UTF-8:
//!
//! ```json
//! {"format":"sharded-load","version":1,"checksum":"af63dc4c8601ec8c","body":{"cpus":16,"fields":[]}}
//! ```
//!
//! `checksum` is the FNV-1a hash, 64 bits in hexadecimal, of the bytes of `body` as they stand in the file; a file written by hand may leave
//! it out. Another `format`, a `version` that is not 1, a checksum that is another one, an unknown name and a number that can't be are errors.
//! There is no user data in it: keys are ranks or hashes.
//!
//! `body` is a [`Workload`], `fields` are [`FieldWorkload`]s, and the names in the file are those of their fields here.

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
    /// CPUs of the machine that was recorded.
    pub cpus: u64,
    /// One for each map.
    pub fields: Vec<FieldWorkload>,
}

/// What is done to one map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWorkload {
    /// The struct's name.
    pub store: String,
    /// The field's name.
    pub field: String,
    /// Its present policy.
    pub declared: Declared,
    /// Threads that use the map at once.
    pub threads: u64,
    /// How often each operation is called.
    pub mix: Mix,
    /// Nanoseconds that a closure on an entry takes: when recorded, the mean without the longest hundredth; 0 where none ran.
    pub hold_ns: u64,
    /// Nanoseconds that it takes to get elsewhere what the map has not: when recorded, the median; 20,000 where no miss was seen.
    pub miss_ns: u64,
    /// Entries stored, typically.
    pub entries: u64,
    /// Bytes of a value, what it points to included.
    pub value_bytes: u64,
    /// Whether keys and values are `Copy`, as `lock = Optimistic` wants them.
    pub copy: bool,
    /// How often which key is used.
    pub keys: Popularity,
    /// The order in which keys are used, if it is known.
    #[serde(default)]
    pub trace: Option<Trace>,
    /// What the recorder saw besides, to be shown.
    #[serde(default)]
    pub seen: Option<Seen>,
}

/// The policy that is declared for a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// `Mutex`, `RwLock`, `Optimistic`, or the path of another.
    pub lock: String,
    /// `None`: `auto`.
    pub shards: Option<u64>,
    /// `Sieve`, `Lru`, `Adaptive`, `S3Fifo`, `TinyLfu`, `Unbounded`, or another.
    pub evict: String,
    /// In entries; `None`: none is declared.
    pub capacity: Option<u64>,
    /// `Spread`, `Local`, `Off`, or another.
    pub numa: String,
    /// Milliseconds from the write.
    pub ttl_ms: Option<u64>,
    /// Milliseconds from the last use.
    pub idle_ms: Option<u64>,
}

impl Default for Declared {
    /// What holds where nothing is declared.
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
    /// Looks at a value in a closure: `with`.
    #[serde(default)]
    pub read: u64,
    /// Stores an entry: `insert`.
    #[serde(default)]
    pub insert: u64,
    /// Takes an entry out: `remove`.
    #[serde(default)]
    pub remove: u64,
    /// Changes a value in a closure: `with_mut`, `upsert`.
    #[serde(default)]
    pub update: u64,
    /// Reads, and stores what was not there: `get_or_insert_with`, or a `get` and, on a miss, an `insert`.
    #[serde(default)]
    pub load: u64,
}

impl Mix {
    /// By the number of each operation, see [`Operation`](crate::stream::Operation).
    pub(crate) fn counts(&self) -> [u64; 6] {
        [self.get, self.read, self.insert, self.remove, self.update, self.load]
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts().iter().sum()
    }
}

/// How often which key is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Popularity {
    /// Points: a number of keys, the most popular ones, and how many accesses go to these together. Both numbers rise; the last point
    /// has all keys and all accesses.
    pub curve: Vec<(u64, u64)>,
}

impl Popularity {
    pub(crate) fn distinct(&self) -> u64 {
        self.curve.last().map_or(0, |point| point.0)
    }

    /// The share of the accesses that goes to the most popular key.
    pub(crate) fn hottest(&self) -> f64 {
        match (self.curve.first(), self.curve.last()) {
            (Some(first), Some(last)) => first.1 as f64 / first.0 as f64 / last.1 as f64,
            _ => 0.0,
        }
    }
}

/// The keys of accesses, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// One key in so many was followed, with each of its accesses. A cache of a capacity smaller by this factor hits about as often
    /// on the trace as the whole one on everything (Waldspurger et al., SHARDS, FAST 2015).
    pub one_in: u64,
    /// Hashes of the keys.
    pub keys: Vec<u32>,
}

impl Trace {
    /// The keys, if these are all accesses and not those of a sample.
    pub(crate) fn whole(&self) -> Option<&[u32]> {
        (self.one_in == 1 && !self.keys.is_empty()).then_some(&self.keys)
    }
}

/// What the recorder saw besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Milliseconds for which it was recorded.
    pub ms: u64,
    /// Operations meanwhile.
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
    /// Sampled operations that met another thread in their shard, in each.
    pub contended: Vec<u64>,
    /// Milliseconds between the insert and the removal of sampled entries, in ascending order.
    pub lifetimes_ms: Vec<u64>,
}
