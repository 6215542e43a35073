//! What is printed.

use crate::{measure::Point, systems::System, trace::Trace};
use std::fmt::Write as _;

/// A gap to the best library that is worth counting.
const WIDE: f64 = 3.0;

/// The hit ratios over one trace, a column per capacity.
pub(crate) fn of_trace(trace: &Trace, points: &[Point], systems: &[System]) -> String {
    let head = points.iter().map(|point| format!("{} % ({})", point.percent, point.capacity)).collect();
    let row = |index: usize| points.iter().map(|point| format!("{:.1}", point.ratios[index])).collect();
    let title = format!("{}: hits in per cent, by capacity", trace.name);
    table(&title, head, systems.iter().enumerate().map(|(index, system)| (system.name.as_str(), row(index))))
}

/// The means over all points, and how far each system is below the best library where it is farthest: one table for
/// what was recorded, one for what was made up.
pub(crate) fn means(points: &[Point], systems: &[System]) -> String {
    let (synthetic, recorded): (Vec<_>, Vec<_>) = points.iter().partition(|point| point.synthetic);
    [("Recorded traces", recorded), ("Made-up loads", synthetic)]
        .into_iter()
        .filter(|(_, points)| !points.is_empty())
        .map(|(what, points)| means_of(what, &points, systems) + "\n")
        .collect()
}

fn means_of(what: &str, points: &[&Point], systems: &[System]) -> String {
    let wide = format!("more than {WIDE} below");
    let head = ["mean", "worst gap to the best library", &wide].map(str::to_owned).to_vec();
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
    table(&format!("{what}: hits in per cent, over {} points", points.len()), head, rows.chain(best))
}

fn table<'a>(title: &str, head: Vec<String>, rows: impl Iterator<Item = (&'a str, Vec<String>)>) -> String {
    let rows: Vec<(&str, Vec<String>)> = [("", head)].into_iter().chain(rows).collect();
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].1.len())
        .map(|column| rows.iter().map(|(_, cells)| cells[column].len()).max().unwrap_or(0))
        .collect();
    let mut table = format!("{title}\n");
    for (name, cells) in &rows {
        let mut line = format!("  {name:names$}");
        for (cell, width) in cells.iter().zip(&widths) {
            write!(line, "  {cell:>width$}").expect("a string takes all that is written");
        }
        writeln!(table, "{}", line.trim_end()).expect("a string takes all that is written");
    }
    table
}
