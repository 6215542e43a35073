//! The page with the curves.

use crate::{
    candidate::Lock,
    outcome::{Outcome, Point},
};
use sharded_bench_common::{
    page::{self, escape},
    plot::{self, COLOURS, Lines, Scale, Series, Style, Weight, plain, time},
};
use std::fmt::Write;

/// The page of these outcomes.
pub(crate) fn page(outcomes: &[Outcome]) -> String {
    let mut body = String::new();
    for outcome in outcomes {
        let name = format!("{}.{}", outcome.workload.store, outcome.workload.field);
        let _ = write!(body, "<h2>{}</h2><pre>{}</pre>", escape(&name), escape(&outcome.to_string()));
        let plots: Vec<Lines> = [throughput(outcome), latency(outcome), hits(outcome)].into_iter().flatten().collect();
        if !plots.is_empty() {
            body += &plot::grid(&plots, plots.len().min(2));
        }
        body += &seen(outcome);
    }
    page::page("What serves each map best on this machine", &body)
}

/// A position of the horizontal axis, on which steps are doublings, and its label.
fn place(x: f64) -> (f64, String) {
    (x.log2(), if x >= 10_000.0 { format!("{:.0}k", x / 1000.0) } else { format!("{x:.0}") })
}

/// A plot of these lines, or `None` if there is nothing to draw.
fn lines(
    (title, across, up): (&str, &str, &str),
    conditions: String,
    scale: Scale,
    unit: fn(f64) -> String,
    series: Vec<Series>,
) -> Option<Lines> {
    let mut places: Vec<f64> = series.iter().flat_map(|series| series.points.iter().map(|point| point.0)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let places: Vec<_> = places.into_iter().map(|x| place(x.exp2())).collect();
    let [title, across, up] = [title, across, up].map(str::to_owned);
    (!places.is_empty()).then_some(Lines { title, across, up, conditions, scale, places, series, unit })
}

fn series(index: usize, name: &str, points: Vec<(f64, f64)>, ring: Option<((f64, f64), String)>) -> Series {
    let style = Style { colour: COLOURS[index % COLOURS.len()], dash: None, weight: Weight::Normal };
    Series { name: name.to_owned(), style, points, ring }
}

/// One curve for each lock over the shards. The advised point has a ring.
fn by_lock(outcome: &Outcome, y: impl Fn(&Point) -> f64) -> Vec<Series> {
    let advised = outcome.advised();
    let curve = |(index, &lock): (usize, &Lock)| {
        let of_lock = || outcome.sweep.iter().filter(move |point| point.lock == lock);
        let place = |point: &Point| ((point.shards as f64).log2(), y(point));
        let is_advised = |point: &&Point| {
            advised.is_some_and(|advised| advised.lock == lock && advised.shard_count() == point.shards)
        };
        let ring = of_lock().find(is_advised).map(|point| (place(point), "advised".to_owned()));
        series(index, lock.name(), of_lock().map(place).collect(), ring)
    };
    Lock::ALL.iter().enumerate().map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

fn throughput(outcome: &Outcome) -> Option<Lines> {
    let curves = by_lock(outcome, |point| point.rate.median / 1e6);
    let names = ("Throughput over shards", "shards", "million operations per second, all threads together");
    lines(names, conditions(outcome), Scale::Linear, plain, curves)
}

fn latency(outcome: &Outcome) -> Option<Lines> {
    let curves = by_lock(outcome, |point| point.p999_ns as f64);
    let names = ("p99.9 over shards", "shards", "time that 99.9 % of the operations do not exceed");
    lines(names, conditions(outcome), Scale::Log, time, curves)
}

fn hits(outcome: &Outcome) -> Option<Lines> {
    let place = |(capacity, hits): (u64, f64)| ((capacity as f64).log2(), 100.0 * hits);
    let curve = |(index, curve): (usize, &crate::hits::HitCurve)| {
        let ring = curve.knee().map(|knee| (place(knee), "knee".to_owned()));
        series(index, curve.evict.name(), curve.points.iter().copied().map(place).collect(), ring)
    };
    let curves = outcome.hits.iter().enumerate().map(curve).filter(|curve| !curve.points.is_empty()).collect();
    let names = ("Hits over capacity", "capacity, entries", "requests that hit, %");
    lines(names, String::new(), Scale::Linear, plain, curves)
}

/// The conditions of the replay.
fn conditions(outcome: &Outcome) -> String {
    format!("{} thread(s), {} entries", outcome.threads, outcome.workload.entries)
}

/// What the recorder saw.
fn seen(outcome: &Outcome) -> String {
    let Some(seen) = &outcome.workload.seen else { return String::new() };
    let sum = |counts: &[u64]| counts.iter().sum::<u64>();
    let share = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
    let contended = share(sum(&seen.contended), sum(&seen.shards));
    let busiest = share(seen.shards.iter().copied().max().unwrap_or(0), sum(&seen.shards));
    format!(
        "<p>Recorded for {} ms: {} operations, {:.1} % of the reads hit, {} entries expired, {} evicted. \
         {contended:.2} % of the sampled operations met another thread in their shard; {busiest:.1} % were in the busiest of {} shards.</p>",
        seen.ms,
        seen.operations,
        share(seen.hits, seen.hits + seen.misses),
        seen.expired,
        seen.evicted,
        seen.shards.len()
    )
}
