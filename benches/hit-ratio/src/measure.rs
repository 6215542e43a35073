//! The hit ratios of all systems.

use crate::{
    systems::{Kind, System},
    trace::Trace,
};

/// One trace at one capacity.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) trace: String,
    pub(crate) synthetic: bool,
    /// The capacity, in per cent of the unique keys.
    pub(crate) percent: f64,
    pub(crate) capacity: usize,
    /// The hits of each system, in per cent of the requests.
    pub(crate) ratios: Vec<f64>,
    /// The best ratio of a library, if the systems include one.
    pub(crate) best_library: Option<f64>,
}

/// A trace at each of these capacities.
pub(crate) fn points(trace: &Trace, percentages: &[f64], systems: &[System], repeats: u32) -> Vec<Point> {
    let point = |&percent| {
        let capacity = trace.capacity(percent);
        let ratio = |system: &System| 100.0 * system.hit_ratio(trace, capacity, repeats);
        let ratios: Vec<f64> = systems.iter().map(ratio).collect();
        let libraries = systems.iter().zip(&ratios).filter(|(system, _)| system.kind == Kind::Library);
        let best_library = libraries.map(|(_, &ratio)| ratio).reduce(f64::max);
        Point { trace: trace.name.clone(), synthetic: trace.synthetic, percent, capacity, ratios, best_library }
    };
    percentages.iter().map(point).collect()
}
