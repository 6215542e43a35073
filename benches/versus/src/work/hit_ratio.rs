//! Hit ratios over recorded traces, measured by the package `sharded-hit-ratio`.

use super::Work;
use crate::{
    args::Args,
    table::{About, Cell, Row, Table},
};
use std::error::Error;

/// In per cent of a trace's unique keys.
const CAPACITIES: [f64; 6] = [0.5, 1.0, 5.0, 10.0, 25.0, 50.0];

/// By the names of that package: the optimum, the libraries, and this library with the number of shards that it has in
/// the other measurements.
const SYSTEMS: [&str; 10] = [
    "belady",
    "moka",
    "quick_cache",
    "mini-moka",
    "foyer-s3fifo",
    "foyer-lfu",
    "cached",
    "sharded-lru-64",
    "sharded-sieve-64",
    "sharded-adaptive-64",
];

/// A table for each trace, and one of means.
pub(super) fn run(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    let capacities = if args.quick { &CAPACITIES[..1] } else { &CAPACITIES[..] };
    let points = sharded_hit_ratio::measure(&SYSTEMS, capacities)?;
    let mut traces: Vec<&str> = points.iter().map(|point| point.trace.as_str()).collect();
    traces.dedup();
    for trace in traces.iter().copied().chain((traces.len() > 1).then_some("mean of all traces")) {
        // One column per capacity, over one trace or all.
        let column = |percent: f64, system: usize| {
            let of_trace = points.iter().filter(|it| it.percent.total_cmp(&percent).is_eq());
            let hits: Vec<f64> = of_trace
                .filter(|it| it.trace == trace || !traces.contains(&trace))
                .map(|it| it.hits[system].1)
                .collect();
            #[allow(clippy::cast_precision_loss, reason = "a few")]
            Cell::of(hits.iter().sum::<f64>() / hits.len() as f64, 1)
        };
        let row = |(system, name): (usize, &&str)| {
            Row::new(name, name, capacities.iter().map(|&percent| column(percent, system)).collect())
        };
        print(Table {
            title: format!("sharded with 64 shards; of real caches the mean of three runs: {trace}"),
            about: About { work: Work::HitRatio.name().into(), subject: trace.to_owned(), threads: 1, entries: 0 },
            columns: capacities.iter().map(f64::to_string).collect(),
            rows: SYSTEMS.iter().enumerate().map(row).collect(),
            notes: Vec::new(),
        });
    }
    Ok(())
}
