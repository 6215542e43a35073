//! A collector for the crate `prometheus_client`.

use super::series::{ALL, FieldStats, INFO, INFO_HELP, Kind, PREFIX, Series, Unit, Value};
use crate::{Store, store::name::store_name};
use prometheus_client::{
    collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet},
    metrics::{MetricType, exemplar::Exemplar},
    registry,
};
use std::{fmt, ops::Deref};

/// Exports the statistics of a store: at each scrape, [those](super) of all its maps.
///
/// A scrape takes no lock of a shard, and the lock of a removal listener's queue for a moment. It costs O(shards of all
/// maps, and CPUs for each map).
///
/// One collector exports several stores: see [`and`](Collector::and). Register only one collector in a registry,
/// because the text format does not allow that a series is described twice.
///
/// # Examples
///
/// ```
/// use prometheus_client::{encoding::text::encode, registry::Registry};
/// use sharded::{export::prometheus::Collector, sharded};
/// use std::{collections::HashMap, sync::Arc};
///
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, Vec<u32>>,
/// }
///
/// let shop = Arc::new(Shop::new());
/// let mut registry = Registry::default();
/// registry.register_collector(Box::new(Collector::new(Arc::clone(&shop))));
///
/// shop.carts().insert(1, vec![7]);
/// let mut text = String::new();
/// encode(&mut text, &registry)?;
/// assert!(text.contains("\nsharded_inserts_total{store=\"Shop\",field=\"carts\"} 1\n"));
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub struct Collector {
    /// By their names.
    stores: Vec<(String, Box<ReadStore>)>,
}

type ReadStore = dyn Fn() -> Vec<FieldStats> + Send + Sync;

impl Collector {
    /// A collector for a store, by any pointer to it: an `Arc`, a `Box`, a `&'static`. The label `store` is the name of
    /// the store's type.
    ///
    /// # Examples
    ///
    /// See [`Collector`].
    #[must_use]
    pub fn new<P>(store: P) -> Self
    where
        P: Deref<Target: Store> + Send + Sync + 'static,
    {
        Collector { stores: Vec::new() }.and(store_name::<P::Target>(), store)
    }

    /// Adds another store, under a name of its own. Two stores of one type need different names.
    ///
    /// # Panics
    ///
    /// If the collector has a store of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{export::prometheus::Collector, sharded};
    /// use std::{collections::HashMap, sync::Arc};
    ///
    /// #[sharded(ttl = "1h")]
    /// struct Shop {
    ///     carts: HashMap<u64, Vec<u32>>,
    /// }
    ///
    /// let (berlin, paris) = (Arc::new(Shop::new()), Arc::new(Shop::new()));
    /// let collector = Collector::new(berlin).and("Paris", paris);
    /// assert_eq!(format!("{collector:?}"), "Collector([\"Shop\", \"Paris\"])");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn and<P>(mut self, name: impl Into<String>, store: P) -> Self
    where
        P: Deref<Target: Store> + Send + Sync + 'static,
    {
        let name = name.into();
        assert!(self.stores.iter().all(|(other, _)| *other != name), "the collector already has a store `{name}`");
        self.stores.push((name, Box::new(move || FieldStats::of_store(&*store))));
        self
    }
}

/// Shows the names of the stores.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.stores.iter().map(|(name, _)| name).collect();
        f.debug_tuple("Collector").field(&names).finish()
    }
}

impl collector::Collector for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stores: Vec<(&str, Vec<FieldStats>)> =
            self.stores.iter().map(|(name, fields)| (name.as_str(), fields())).collect();
        encode_info(&stores, &mut encoder)?;
        for series in ALL {
            encode_series(series, &stores, &mut encoder)?;
        }
        Ok(())
    }
}

fn encode_info(stores: &[(&str, Vec<FieldStats>)], encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    // The format adds the ending.
    let name = INFO.trim_end_matches("_info");
    let mut encoder = encoder.encode_descriptor(name, &help(INFO_HELP), None, MetricType::Info)?;
    for (store, fields) in stores {
        for field in fields {
            encoder.encode_info(&field.info_labels(store))?;
        }
    }
    Ok(())
}

/// The format ends each help text with a full stop of its own.
fn help(text: &str) -> String {
    format!("{text}.")
}

fn encode_series(
    series: &Series,
    stores: &[(&str, Vec<FieldStats>)],
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), fmt::Error> {
    let name = format!("{PREFIX}{}", series.name);
    let unit = series.unit.map(|unit| match unit {
        Unit::Bytes => registry::Unit::Bytes,
        Unit::Seconds => registry::Unit::Seconds,
    });
    let kind = match series.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
    };
    let mut encoder = encoder.encode_descriptor(&name, &help(series.help), unit.as_ref(), kind)?;
    for (store, fields) in stores {
        for field in fields {
            for sample in series.samples {
                let Some(value) = (sample.value)(field) else { continue };
                let always = [("store", *store), ("field", field.name)];
                match sample.label {
                    None => encode_value(series.kind, value, encoder.encode_family(&always)?)?,
                    Some(label) => {
                        let labels = [always[0], always[1], label];
                        encode_value(series.kind, value, encoder.encode_family(&labels)?)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn encode_value(kind: Kind, value: Value, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
    const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, u64>> = None;
    match (kind, value) {
        (Kind::Counter, Value::Count(count)) => encoder.encode_counter(&count, NO_EXEMPLAR),
        (Kind::Counter, Value::Time(time)) => encoder.encode_counter(&time.as_secs_f64(), NO_EXEMPLAR),
        (Kind::Gauge, Value::Count(count)) => encoder.encode_gauge(&count),
        (Kind::Gauge, Value::Time(time)) => encoder.encode_gauge(&time.as_secs_f64()),
    }
}
