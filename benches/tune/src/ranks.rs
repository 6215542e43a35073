//! Keys drawn by their popularity.

use crate::workload::Popularity;
use sharded_bench_common::random::{Random, RngExt};

/// Draws ranks, from zero, by their popularity. Between two points of the curve all ranks are equally popular.
#[derive(Debug)]
pub(crate) struct Ranks<'a>(&'a Popularity);

impl<'a> Ranks<'a> {
    pub(crate) fn new(popularity: &'a Popularity) -> Self {
        Ranks(popularity)
    }

    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        let curve = &self.0.curve;
        let total = curve.last().map_or(0, |point| point.1);
        let drawn = random.random_range(0..total);
        let next = curve.partition_point(|point| point.1 <= drawn);
        let below = if next == 0 { 0 } else { curve[next - 1].0 };
        random.random_range(below..curve[next].0)
    }
}
