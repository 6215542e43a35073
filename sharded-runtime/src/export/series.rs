//! The series that every exporter writes.

use crate::{Field, FieldInfo, Stats, Store};
use std::time::Duration;

/// A metric, with one value for each map, or one for each value of a label.
pub(super) struct Series {
    /// Without the prefix, the unit and the ending of a counter.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: Option<Unit>,
    pub(super) help: &'static str,
    pub(super) samples: &'static [Sample],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows.
    Counter,
    Gauge,
}

#[derive(Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Seconds,
}

/// One value of a series.
pub(super) struct Sample {
    /// A label besides those of every series, and its value.
    pub(super) label: Option<(&'static str, &'static str)>,
    /// `None`: the map has no such value.
    pub(super) value: fn(&FieldStats) -> Option<Value>,
}

#[derive(Clone, Copy)]
pub(super) enum Value {
    Count(u64),
    Time(Duration),
}

/// The statistics of one map.
pub(super) struct FieldStats {
    pub(super) name: &'static str,
    info: FieldInfo,
    capacity: Option<usize>,
    shards: usize,
    stats: Stats,
    #[cfg(feature = "redis")]
    tier: Option<crate::observe::tier::TierStats>,
}

impl FieldStats {
    /// Those of all maps of a store.
    pub(super) fn of_store(store: &(impl Store + ?Sized)) -> Vec<Self> {
        let mut fields = Vec::new();
        store.visit(&mut |field| fields.push(Self::of_field(field)));
        fields
    }

    fn of_field(field: &dyn Field) -> Self {
        FieldStats {
            name: field.name(),
            info: field.info(),
            capacity: field.capacity(),
            shards: field.shard_count(),
            stats: field.stats(),
            #[cfg(feature = "redis")]
            tier: field.tier_stats(),
        }
    }

    /// The labels of [`INFO`], for a map of this store.
    pub(super) fn info_labels<'a>(&self, store: &'a str) -> [(&'static str, &'a str); 6] {
        let FieldInfo { description, lock, eviction, placement } = self.info;
        [
            ("store", store),
            ("field", self.name),
            ("lock", lock),
            ("eviction", eviction),
            ("placement", placement),
            ("description", description),
        ]
    }
}

/// A series with one value.
macro_rules! one {
    ($name:literal, $kind:ident, $unit:expr, $help:literal, $value:expr) => {
        Series {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            help: $help,
            samples: &[Sample { label: None, value: $value }],
        }
    };
}

/// A value of a tiered field.
#[cfg(feature = "redis")]
macro_rules! tier {
    ($field:ident) => {
        |stats| stats.tier.map(|tier| Value::Count(tier.$field))
    };
}

/// The beginning of the name of each series.
pub(super) const PREFIX: &str = "sharded_";

/// The declaration of each map, as labels of a sample with the value 1. (The help text of a series can't describe a
/// map, since all maps share it.)
pub(super) const INFO: &str = "sharded_field_info";
pub(super) const INFO_HELP: &str = "What is declared for the map, and what its doc comment says that it is for";

pub(super) const ALL: &[Series] = &[
    Series {
        name: "accesses",
        kind: Kind::Counter,
        unit: None,
        help: "Accesses that looked for an entry, by whether they found one",
        samples: &[
            Sample { label: Some(("result", "hit")), value: |field| count(field.stats.hits) },
            Sample { label: Some(("result", "miss")), value: |field| count(field.stats.misses) },
        ],
    },
    one!("inserts", Counter, None, "Entries stored, including those that replaced another", |f| count(f.stats.inserts)),
    Series {
        name: "removals",
        kind: Kind::Counter,
        unit: None,
        help: "Entries that the library removed, by cause",
        samples: &[
            Sample { label: Some(("cause", "expired")), value: |field| count(field.stats.expired) },
            Sample { label: Some(("cause", "evicted")), value: |field| count(field.stats.evicted) },
        ],
    },
    one!("refused", Counter, None, "Entries that a call gave back because there was no room", |f| count(
        f.stats.refused
    )),
    one!("loads", Counter, None, "Loaders that began", |f| count(f.stats.loads.started)),
    one!("refreshes", Counter, None, "Loaders that began in order to replace an old value", |f| count(
        f.stats.loads.refreshes
    )),
    one!("loads_ended", Counter, None, "Loaders that ended, with a value or without", |f| count(f.stats.loads.ended)),
    one!("load_failures", Counter, None, "Loaders that ended without a value", |f| count(f.stats.loads.failed)),
    one!("load_waits", Counter, None, "Times that a call waited for the loader of another call", |f| count(
        f.stats.loads.waits
    )),
    one!("load", Counter, Some(Unit::Seconds), "Time that loaders took together", |f| Some(Value::Time(
        f.stats.loads.time
    ))),
    one!("lock_waits", Counter, None, "Times that a thread slept for the lock of a shard", |f| count(
        f.stats.lock_waits.count
    )),
    one!("lock_wait", Counter, Some(Unit::Seconds), "Time that threads slept for the locks of shards", |f| Some(
        Value::Time(f.stats.lock_waits.time)
    )),
    one!("removals_waiting", Gauge, None, "Entries that wait for the removal listener or to be received", |f| size(
        f.stats.removals_waiting
    )),
    one!("removals_missed", Counter, None, "Entries that could not be received because the channel was full", |f| {
        count(f.stats.removals_missed)
    }),
    one!("nesting_panics", Counter, None, "Nested accesses that panicked because they were out of order", |f| count(
        f.stats.nesting_panics
    )),
    one!("listener_panics", Counter, None, "Contained panics of the removal listener", |f| count(
        f.stats.listener_panics
    )),
    one!("entries", Gauge, None, "Entries stored", |f| size(f.stats.entries())),
    one!("capacity", Gauge, None, "Most entries that may be stored. Absent where there is no such bound", |f| f
        .capacity
        .and_then(size)),
    one!("shards", Gauge, None, "Number of shards", |f| size(f.shards)),
    one!("largest_shard_entries", Gauge, None, "Entries in the shard that has the most", |f| size(
        f.stats.largest_shard()
    )),
    one!("table", Gauge, Some(Unit::Bytes), "Memory that the tables use, without what keys and values own", |f| size(
        f.stats.table_bytes
    )),
    one!(
        "retired_entries",
        Gauge,
        None,
        "Entries that have left, but that readers without a lock may still hold",
        |f| { size(f.stats.retired) }
    ),
    one!("retired", Gauge, Some(Unit::Bytes), "Memory of these entries, without what keys and values own", |f| size(
        f.stats.retired_bytes
    )),
    one!("table_blocks", Counter, None, "Blocks of memory that the tables took", |f| count(f.stats.table_blocks)),
    one!("bucket_splits", Counter, None, "Buckets that were split as tables grew", |f| count(f.stats.splits)),
    one!("bucket_merges", Counter, None, "Pairs of buckets that were merged as tables shrank", |f| count(
        f.stats.merges
    )),
    #[cfg(feature = "redis")]
    Series {
        name: "tier_reads",
        kind: Kind::Counter,
        unit: None,
        help: "Reads of a tiered field, per key, by what answered",
        samples: &[
            Sample { label: Some(("result", "near")), value: tier!(near_hits) },
            Sample { label: Some(("result", "remote")), value: tier!(remote_hits) },
            Sample { label: Some(("result", "miss")), value: tier!(misses) },
            Sample { label: Some(("result", "stale")), value: tier!(stale_hits) },
        ],
    },
    #[cfg(feature = "redis")]
    one!("tier_loads", Counter, None, "Loaders of a tiered field that began", tier!(loads)),
    #[cfg(feature = "redis")]
    one!("tier_loads_not_stored", Counter, None, "Loaded values that no server has stored", tier!(loads_not_stored)),
    #[cfg(feature = "redis")]
    one!("tier_lease_waits", Counter, None, "Waits for another process that loads the key", tier!(lease_waits)),
    #[cfg(feature = "redis")]
    one!("tier_sent", Counter, Some(Unit::Bytes), "Values that were sent to a server", tier!(bytes_sent)),
    #[cfg(feature = "redis")]
    one!("tier_received", Counter, Some(Unit::Bytes), "Values that a server has sent", tier!(bytes_received)),
    #[cfg(feature = "redis")]
    one!(
        "tier_invalidations",
        Counter,
        None,
        "Keys that a server has invalidated, of all fields with the same connections",
        tier!(invalidations)
    ),
    #[cfg(feature = "redis")]
    one!(
        "tier_flushes",
        Counter,
        None,
        "Times that a server has invalidated all keys, of all fields with the same connections",
        tier!(flushes)
    ),
    #[cfg(feature = "redis")]
    one!(
        "tier_losses",
        Counter,
        None,
        "Times that a connection was lost, of all fields with the same connections",
        tier!(losses)
    ),
    #[cfg(feature = "redis")]
    one!("tier_connected", Gauge, None, "Whether there is a connection to each server: 1 or 0", |f| f
        .tier
        .map(|tier| Value::Count(tier.is_connected.into()))),
    #[cfg(feature = "redis")]
    one!("tier_lag", Gauge, Some(Unit::Seconds), "How long ago the servers were heard of", |f| f
        .tier
        .map(|tier| Value::Time(tier.lag))),
];

#[allow(clippy::unnecessary_wraps, reason = "what a sample returns")]
fn count(count: u64) -> Option<Value> {
    Some(Value::Count(count))
}

fn size(size: usize) -> Option<Value> {
    count(size as u64)
}

impl Series {
    /// The whole name, as in a scrape.
    #[cfg(any(test, feature = "metrics"))]
    pub(super) fn full_name(&self) -> String {
        format!("{PREFIX}{}{}", self.name, self.ending())
    }

    /// The ending that a scrape adds to the name.
    #[cfg(any(test, feature = "metrics"))]
    const fn ending(&self) -> &'static str {
        match (self.kind, self.unit) {
            (Kind::Gauge, None) => "",
            (Kind::Gauge, Some(Unit::Bytes)) => "_bytes",
            (Kind::Gauge, Some(Unit::Seconds)) => "_seconds",
            (Kind::Counter, None) => "_total",
            (Kind::Counter, Some(Unit::Bytes)) => "_bytes_total",
            (Kind::Counter, Some(Unit::Seconds)) => "_seconds_total",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, INFO, INFO_HELP, Kind};
    use std::fmt::Write;

    /// The documentation of the module lists every series, in this order, and no other.
    #[test]
    fn all_are_documented() {
        let mut rows = format!(
            "//! | `{INFO}` | info, always 1 | {INFO_HELP} (`lock`, `eviction`, `placement`, `description`). |\n"
        );
        for series in ALL {
            let kind = if series.kind == Kind::Counter { "counter" } else { "gauge" };
            let labels: Vec<_> = series.samples.iter().filter_map(|sample| sample.label).collect();
            let (name, help) = (series.full_name(), series.help);
            write!(rows, "//! | `{name}` | {kind} | {help}").unwrap();
            if let [(label, _), ..] = labels[..] {
                let values: Vec<_> = labels.iter().map(|(_, value)| format!("`{value}`")).collect();
                write!(rows, " (`{label}`: {})", values.join(", ")).unwrap();
            }
            rows.push_str(". |\n");
        }
        let documented: String = include_str!("mod.rs")
            .lines()
            .filter(|line| line.starts_with("//! | `sharded_"))
            .filter(|line| cfg!(feature = "redis") || !line.starts_with("//! | `sharded_tier_"))
            .flat_map(|line| [line, "\n"])
            .collect();
        assert_eq!(documented, rows);
    }
}
