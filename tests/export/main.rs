//! The exporters write exactly the figures of `Stats`, for every map of every store.

#![allow(clippy::cast_precision_loss, reason = "the exporters write such numbers")]

#[path = "../common/mod.rs"]
mod common;
mod events;
#[path = "../common/little_memory.rs"]
mod little_memory;

use common::ignore;
use metrics_util::{
    CompositeKey,
    debugging::{DebugValue, DebuggingRecorder},
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use sharded::{Stats, Store, export, sharded};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// Two maps, one with a capacity.
#[sharded(shards = 4)]
struct Shop {
    /// What visitors of "Shop" are about
    /// to buy.
    ///
    /// This is no part of the description.
    #[shard(ttl = "1h")]
    carts: HashMap<u64, u64>,
    #[shard(capacity = 100, lock = RwLock)]
    online: HashSet<u64>,
    #[shard(skip)]
    _not_a_map: (),
}

fn shop(keys: u64) -> Arc<Shop> {
    let shop = Shop::builder()._not_a_map(()).build();
    for key in 0..keys {
        ignore(shop.carts().insert(key, key));
        ignore(shop.carts().get(&(key / 2)));
        ignore(shop.carts().get(&(key + keys)));
        ignore(shop.carts().get_or_try_insert_with(key + 1_000_000, || Err::<u64, _>(())));
        ignore(shop.online().insert(key));
    }
    Arc::new(shop)
}

/// A series with its labels, as in the text format.
type Exported = BTreeMap<String, f64>;

/// What is to be exported of a map, by its statistics.
fn expected(store: &str, field: &str, capacity: Option<usize>, stats: &Stats) -> Exported {
    let labels = format!("store=\"{store}\",field=\"{field}\"");
    let plain = [
        ("inserts_total", stats.inserts as f64),
        ("refused_total", stats.refused as f64),
        ("loads_total", stats.loads.started as f64),
        ("refreshes_total", stats.loads.refreshes as f64),
        ("loads_ended_total", stats.loads.ended as f64),
        ("load_failures_total", stats.loads.failed as f64),
        ("load_waits_total", stats.loads.waits as f64),
        ("load_seconds_total", stats.loads.time.as_secs_f64()),
        ("lock_waits_total", stats.lock_waits.count as f64),
        ("lock_wait_seconds_total", stats.lock_waits.time.as_secs_f64()),
        ("removals_waiting", stats.removals_waiting as f64),
        ("removals_missed_total", stats.removals_missed as f64),
        ("nesting_panics_total", stats.nesting_panics as f64),
        ("listener_panics_total", stats.listener_panics as f64),
        ("entries", stats.shard_sizes.iter().sum::<usize>() as f64),
        ("shards", stats.shard_sizes.len() as f64),
        ("largest_shard_entries", *stats.shard_sizes.iter().max().unwrap() as f64),
        ("table_bytes", stats.table_bytes as f64),
        ("retired_entries", stats.retired as f64),
        ("retired_bytes", stats.retired_bytes as f64),
        ("table_blocks_total", stats.table_blocks as f64),
        ("bucket_splits_total", stats.splits as f64),
        ("bucket_merges_total", stats.merges as f64),
    ];
    let mut all: Exported =
        plain.into_iter().map(|(name, value)| (format!("sharded_{name}{{{labels}}}"), value)).collect();
    let (lock, eviction, description) = match field {
        "carts" => ("Mutex", "Unbounded", "What visitors of \\\"Shop\\\" are about to buy."),
        _ => ("RwLock", "Adaptive", ""),
    };
    let info = format!("lock=\"{lock}\",eviction=\"{eviction}\",placement=\"Spread\",description=\"{description}\"");
    all.insert(format!("sharded_field_info{{{labels},{info}}}"), 1.0);
    all.extend(capacity.map(|capacity| (format!("sharded_capacity{{{labels}}}"), capacity as f64)));
    for (result, count) in [("hit", stats.hits), ("miss", stats.misses)] {
        all.insert(format!("sharded_accesses_total{{{labels},result=\"{result}\"}}"), count as f64);
    }
    for (cause, count) in [("expired", stats.expired), ("evicted", stats.evicted)] {
        all.insert(format!("sharded_removals_total{{{labels},cause=\"{cause}\"}}"), count as f64);
    }
    all
}

fn expected_of_store(name: &str, store: &Shop) -> Exported {
    let mut all = Exported::new();
    store.visit(&mut |field| all.extend(expected(name, field.name(), field.capacity(), &field.stats())));
    all
}

/// The samples of a scrape. Each series is described once, before its samples, and comes in one piece.
fn parsed(text: &str) -> Exported {
    let (mut samples, mut described) = (Exported::new(), BTreeSet::new());
    let mut current = "";
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# TYPE ") {
            current = line.split(' ').next().unwrap();
            assert!(described.insert(current.to_owned()), "{current} is described twice");
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            assert_eq!(name.strip_suffix("_total").or(name.strip_suffix("_info")).unwrap_or(name), current, "{line}");
            assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{sample} comes twice");
        }
    }
    assert!(text.ends_with("# EOF\n"));
    samples
}

#[test]
fn a_scrape_has_the_statistics_of_every_map() {
    let (berlin, paris) = (shop(1000), shop(300));
    let collector =
        export::prometheus::Collector::new(Arc::clone(&berlin)).and("Shop of \"Paris\"", Arc::clone(&paris));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(collector));
    for _ in 0..2 {
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let mut wanted = expected_of_store("Shop", &berlin);
        wanted.extend(expected_of_store("Shop of \\\"Paris\\\"", &paris));
        assert_eq!(parsed(&text), wanted, "{text}");
        // The next scrape says what has happened since.
        ignore(berlin.carts().get(&1));
        ignore(paris.online().insert(7_000_000));
    }
}

#[test]
fn a_recorder_of_metrics_is_told_the_same() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let berlin = shop(1000);
    metrics::with_local_recorder(&recorder, || {
        export::metrics::describe();
        for _ in 0..2 {
            export::metrics::publish(&*berlin);
            // Counters are told as absolute values, so nothing is counted twice.
            let samples: Exported = snapshotter.snapshot().into_vec().into_iter().map(sample).collect();
            assert_eq!(samples, expected_of_store("Shop", &berlin));
            ignore(berlin.carts().get(&1));
        }
    });
}

type Snapshot = (CompositeKey, Option<metrics::Unit>, Option<metrics::SharedString>, DebugValue);

fn sample((key, unit, help, value): Snapshot) -> (String, f64) {
    let name = key.key().name().to_owned();
    assert!(unit.is_some() && help.is_some(), "{name} is not described");
    let labels: Vec<_> = key.key().labels().map(|label| format!("{}={:?}", label.key(), label.value())).collect();
    let value = match value {
        DebugValue::Counter(count) => count as f64,
        DebugValue::Gauge(value) => value.into_inner(),
        DebugValue::Histogram(_) => panic!("{name} is a histogram"),
    };
    (format!("{name}{{{}}}", labels.join(",")), value)
}

#[test]
fn any_pointer_to_a_store_will_do() {
    let shop: &'static Shop = Box::leak(Box::new(Shop::builder()._not_a_map(()).build()));
    ignore(export::prometheus::Collector::new(shop));
    let boxed: Box<dyn Store + Send + Sync> = Box::new(Shop::builder()._not_a_map(()).build());
    ignore(export::prometheus::Collector::new(shop).and("boxed", boxed));
}

#[test]
fn a_name_stands_for_one_store() {
    let message = common::panics(|| export::prometheus::Collector::new(shop(0)).and("Shop", shop(0)));
    assert_eq!(message, "the collector already has a store `Shop`");
}

/// The dashboard shows every series that is exported, and no other.
#[test]
fn the_dashboard_shows_every_series() {
    let text = include_str!("../../examples/observe/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
    let expressions: Vec<_> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    let shown: BTreeSet<_> = expressions
        .iter()
        .flat_map(|expression| expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|word| word.starts_with("sharded_"))
        .collect();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(export::prometheus::Collector::new(shop(0))));
    let mut scrape = String::new();
    encode(&mut scrape, &registry).unwrap();
    let exported = parsed(&scrape);
    let exported: BTreeSet<_> = exported.keys().map(|sample| sample.split('{').next().unwrap()).collect();
    assert_eq!(shown, exported);
}
