//! The printed tables.

use crate::{measure::Point, systems::System, trace::Trace};
use sharded_bench_common::page::text_table;

/// A gap to the best library that is worth counting.
const WIDE: f64 = 3.0;

/// The hit ratios over one trace, a column per capacity.
pub(crate) fn of_trace(trace: &Trace, points: &[Point], systems: &[System]) -> String {
    let head: Vec<String> = points.iter().map(|point| format!("{} % ({})", point.percent, point.capacity)).collect();
    let row = |index: usize| points.iter().map(|point| format!("{:.1}", point.ratios[index])).collect();
    let title = format!("{}: hits in per cent, by capacity", trace.name);
    let rows: Vec<_> = systems.iter().enumerate().map(|(index, system)| (system.name.as_str(), row(index))).collect();
    text_table(&title, &head, &rows)
}

/// The means over all points, and the largest gap of each system to the best library: one table for recorded traces,
/// one for synthetic ones.
pub(crate) fn means(points: &[Point], systems: &[System]) -> String {
    let (synthetic, recorded): (Vec<_>, Vec<_>) = points.iter().partition(|point| point.synthetic);
    [("Recorded traces", recorded), ("Synthetic traces", synthetic)]
        .into_iter()
        .filter(|(_, points)| !points.is_empty())
        .map(|(what, points)| means_of(what, &points, systems) + "\n")
        .collect()
}

fn means_of(what: &str, points: &[&Point], systems: &[System]) -> String {
    let wide = format!("more than {WIDE} below");
    let head = ["mean", "worst gap to the best library", &wide].map(str::to_owned);
    let mean = |ratios: &[f64]| format!("{:.2}", ratios.iter().sum::<f64>() / ratios.len() as f64);
    let row = |index: usize| {
        let ratios: Vec<f64> = points.iter().map(|point| point.ratios[index]).collect();
        let gaps = points.iter().filter_map(|point| Some((point.ratios[index] - point.best_library?, point)));
        let gaps: Vec<_> = gaps.collect();
        let worst = gaps.iter().min_by(|(one, _), (other, _)| one.total_cmp(other));
        let worst =
            worst.map_or("-".to_owned(), |(gap, point)| format!("{gap:+.1} {}@{}%", point.trace, point.percent));
        let wide = gaps.iter().filter(|(gap, _)| *gap < -WIDE).count();
        vec![mean(&ratios), worst, if gaps.is_empty() { "-".to_owned() } else { format!("{wide} of {}", gaps.len()) }]
    };
    let rows = systems.iter().enumerate().map(|(index, system)| (system.name.as_str(), row(index)));
    let best: Option<Vec<f64>> = points.iter().map(|point| point.best_library).collect();
    let best = best.map(|ratios| ("best library at each point", vec![mean(&ratios), String::new(), String::new()]));
    let rows: Vec<_> = rows.chain(best).collect();
    text_table(&format!("{what}: hits in per cent, over {} points", points.len()), &head, &rows)
}
