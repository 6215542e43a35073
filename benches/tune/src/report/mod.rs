//! The page with the curves: one file without anything from elsewhere.

mod svg;

use crate::{
    candidate::Lock,
    outcome::{Outcome, Point},
};
use std::fmt::Write;
use svg::{Curve, Picture, draw};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
h1{font-size:1.6rem}h2{font-size:1.2rem;border-top:1px solid #ccc;padding-top:1rem}pre{background:#f4f4f4;padding:.8rem;overflow:auto}\
.curves{display:flex;flex-wrap:wrap;gap:1rem}svg{flex:1 1 22rem;max-width:36rem;font-size:11px}.title{font-weight:600;font-size:12px}\
.axis{fill:none;stroke:#888}.x{text-anchor:middle}.y{text-anchor:end}.mark{text-anchor:middle}polyline{fill:none;stroke-width:2}\
.ring{fill:none;stroke-width:2}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#242424}svg text:not([fill]){fill:#ddd}}";

/// The page of these outcomes.
pub(crate) fn page(outcomes: &[Outcome]) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>sharded-tune</title><style>{STYLE}</style><h1>What serves each map best on this machine</h1>"
    );
    for outcome in outcomes {
        let name = format!("{}.{}", outcome.load.store, outcome.load.field);
        let _ = write!(page, "<h2>{}</h2><pre>{}</pre>", escaped(&name), escaped(&outcome.to_string()));
        let _ =
            write!(page, "<div class=\"curves\">{}{}{}</div>", throughput(outcome), latency(outcome), hits(outcome));
        page += &seen(outcome);
    }
    page + "</html>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One curve for each lock over the shards, with the advised point marked.
fn by_lock(outcome: &Outcome, y: impl Fn(&Point) -> f64) -> Vec<Curve> {
    let advised = outcome.advised();
    let curve = |&lock: &Lock| {
        let of_lock = || outcome.sweep.iter().filter(move |point| point.lock == lock);
        let points: Vec<(f64, f64)> = of_lock().map(|point| (point.shards as f64, y(point))).collect();
        let is_advised = |point: &&Point| {
            advised.is_some_and(|advised| advised.lock == lock && advised.shard_count() == point.shards)
        };
        let mark = of_lock().find(is_advised).map(|point| ((point.shards as f64, y(point)), "advised".to_owned()));
        Curve { name: lock.name().to_owned(), points, mark }
    };
    Lock::ALL.iter().map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

fn throughput(outcome: &Outcome) -> String {
    let curves = by_lock(outcome, |point| point.rate.median / 1e6);
    draw(&Picture { title: "Throughput over shards", x: "shards", y: "M/s", logarithmic: false, curves: &curves })
}

fn latency(outcome: &Outcome) -> String {
    let curves = by_lock(outcome, |point| point.p999_ns as f64);
    draw(&Picture { title: "p99.9 over shards", x: "shards", y: "ns", logarithmic: true, curves: &curves })
}

fn hits(outcome: &Outcome) -> String {
    let curve = |curve: &crate::hits::HitCurve| Curve {
        name: curve.evict.name().to_owned(),
        points: curve.points.iter().map(|&(capacity, hits)| (capacity as f64, 100.0 * hits)).collect(),
        mark: curve.knee().map(|(capacity, hits)| ((capacity as f64, 100.0 * hits), "knee".to_owned())),
    };
    let curves: Vec<Curve> = outcome.hits.iter().map(curve).collect();
    draw(&Picture { title: "Hits over capacity", x: "entries", y: "%", logarithmic: false, curves: &curves })
}

/// What the recorder saw.
fn seen(outcome: &Outcome) -> String {
    let Some(seen) = &outcome.load.seen else { return String::new() };
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
