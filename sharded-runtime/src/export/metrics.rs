//! Values for the crate `metrics`.

use super::series::{ALL, FieldStats, INFO, INFO_HELP, Kind, Unit, Value};
use crate::{Store, store::name::store_name};
use metrics::{Unit as MetricsUnit, counter, describe_counter, describe_gauge, gauge};

/// Passes the [statistics](super) of all maps of a store to the installed recorder of the crate `metrics`. The label
/// `store` is the name of the type of the store, see also [`publish_as`].
///
/// Call it before each scrape, or every few seconds if the exporter pushes. It takes no lock of a shard, and the lock
/// of the queue of a removal listener for a moment. It takes O(shards of all maps + CPUs · maps). Without a recorder it
/// does nothing.
///
/// Counters of the crate are integers, so the series in seconds, such as `sharded_load_seconds_total`, are gauges here.
///
/// # Examples
///
/// ```
/// use sharded::{export::metrics::publish, sharded};
/// use std::collections::HashMap;
///
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, Vec<u32>>,
/// }
///
/// let shop = Shop::new();
/// shop.carts().insert(1, vec![7]);
/// publish(&shop);
/// ```
pub fn publish<S: Store + ?Sized>(store: &S) {
    publish_as(store_name::<S>(), store);
}

/// As [`publish`], with another value of the label `store`, for several stores of one type.
///
/// # Examples
///
/// ```
/// use sharded::{export::metrics::publish_as, sharded};
/// use std::collections::HashMap;
///
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, Vec<u32>>,
/// }
///
/// for (city, shop) in [("Berlin", Shop::new()), ("Paris", Shop::new())] {
///     publish_as(city, &shop);
/// }
/// ```
pub fn publish_as<S: Store + ?Sized>(name: &str, store: &S) {
    let fields = FieldStats::of_store(store);
    for field in &fields {
        gauge!(INFO, &field.info_labels(name).map(|(label, value)| (label, value.to_owned()))).set(1.0);
    }
    for series in ALL {
        let name_of_series = series.full_name();
        for sample in series.samples {
            for field in &fields {
                let Some(value) = (sample.value)(field) else { continue };
                let mut labels = vec![("store", name.to_owned()), ("field", field.name.to_owned())];
                labels.extend(sample.label.map(|(label, value)| (label, value.to_owned())));
                match (series.kind, value) {
                    (Kind::Counter, Value::Count(count)) => counter!(name_of_series.clone(), &labels).absolute(count),
                    #[allow(clippy::cast_precision_loss, reason = "what a gauge holds")]
                    (Kind::Gauge, Value::Count(count)) => gauge!(name_of_series.clone(), &labels).set(count as f64),
                    (_, Value::Time(time)) => gauge!(name_of_series.clone(), &labels).set(time.as_secs_f64()),
                }
            }
        }
    }
}

/// Describes each series to the installed recorder of the crate `metrics`. Call it once, after the recorder is
/// installed.
///
/// # Examples
///
/// ```
/// sharded::export::metrics::describe();
/// ```
pub fn describe() {
    describe_gauge!(INFO, MetricsUnit::Count, INFO_HELP);
    for series in ALL {
        let name = series.full_name();
        let unit = match series.unit {
            Some(Unit::Bytes) => MetricsUnit::Bytes,
            Some(Unit::Seconds) => MetricsUnit::Seconds,
            None => MetricsUnit::Count,
        };
        let is_counter = series.kind == Kind::Counter && !matches!(series.unit, Some(Unit::Seconds));
        if is_counter {
            describe_counter!(name, unit, series.help);
        } else {
            describe_gauge!(name, unit, series.help);
        }
    }
}
