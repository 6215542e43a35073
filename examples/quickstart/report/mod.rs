//! The results as figures. `text.rs` prints them, and `html.rs` draws them.

pub(crate) mod html;
mod plots;
mod svg;
pub(crate) mod text;
mod words;

use crate::{
    ShopPages, ShopSessions, ShopViews,
    day::Day,
    memory::Fill,
    replay::Outcome,
    trace::Trace,
    watch::{FieldSample, Sample},
};
use sharded::Policy;

/// All that the program has found out.
pub(crate) struct Report {
    pub(crate) trace: Trace,
    pub(crate) day: Day,
    pub(crate) threads: usize,
    /// The replay at the pace of the day.
    pub(crate) paced: Outcome,
    /// The replay without waiting.
    pub(crate) flat_out: Outcome,
    /// The store in the course of the day; the last one is at its end.
    pub(crate) samples: Vec<Sample>,
    /// Pages with their number of views.
    pub(crate) most_viewed: Vec<(u64, u64)>,
    /// Empty where the system does not tell.
    pub(crate) memory: Vec<Fill>,
}

impl Report {
    /// The fields at the end of the day.
    fn fields(&self) -> &[FieldSample] {
        self.samples.last().map_or(&[], |sample| &sample.fields)
    }

    fn field(&self, name: &str) -> Option<&FieldSample> {
        self.fields().iter().find(|field| field.name == name)
    }

    fn expired(&self) -> u64 {
        self.fields().iter().map(|field| field.stats.expired).sum()
    }

    fn evicted(&self) -> u64 {
        self.fields().iter().map(|field| field.stats.evicted).sum()
    }

    /// The most viewed pages in words.
    fn favourites(&self) -> String {
        let pages = self.most_viewed.iter().map(|&(page, views)| format!("{page} ({} times)", words::count(views)));
        pages.collect::<Vec<_>>().join(", ")
    }

    /// The part of the requests whose page was there.
    fn page_hit_ratio(&self) -> Option<f64> {
        self.field(ShopPages::NAME)?.stats.hit_ratio()
    }
}

/// What was declared of each field, in words.
fn policies() -> [String; 3] {
    [policy::<ShopSessions>(), policy::<ShopPages>(), policy::<ShopViews>()]
}

fn policy<P: Policy>() -> String {
    let mut words = Vec::new();
    words.extend(P::IDLE.map(|idle| format!("gone {} after its last use", words::time(idle))));
    words.extend(P::TTL.map(|ttl| format!("gone {} after it was written", words::time(ttl))));
    words.extend(P::CAPACITY.map(|capacity| format!("at most {}", words::count(capacity as u64))));
    if words.is_empty() { "there to stay".to_owned() } else { words.join(", ") }
}

/// The entries of a field's shards, or of neighbouring shards together where there are more than can be shown.
fn fill(sizes: &[usize], most_bars: usize) -> Vec<usize> {
    let per_bar = sizes.len().div_ceil(most_bars).max(1);
    sizes.chunks(per_bar).map(|shards| shards.iter().sum()).collect()
}
