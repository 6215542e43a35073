//! The memory per entry: the growth of the process after many inserts.
//!
//! It measures resident memory, so waste of the allocator counts, and untouched memory does not. A table grows by
//! doubling, so the figure depends on its load. So it is measured at many sizes, and averaged over one doubling.

use crate::{Shop, ShopSessions, ShopViews};
use memory_stats::memory_stats;
use sharded::Policy;

/// Entries of each fill.
pub(crate) const ENTRIES: u64 = 400_000;
/// Entries before the first measurement: fewer hardly show beside what the process has anyway.
const FIRST: u64 = 50_000;
/// Entries between two measurements.
const STEP: u64 = 10_000;

/// A field that was filled.
#[derive(Debug)]
pub(crate) struct Fill {
    pub(crate) field: &'static str,
    /// The size of a key and a value.
    pub(crate) payload: usize,
    pub(crate) points: Vec<Point>,
}

/// What a number of entries takes.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) entries: f64,
    /// Bytes.
    pub(crate) per_entry: f64,
}

/// Fills one field after the other; empty where the system does not tell.
pub(crate) fn measure() -> Vec<Fill> {
    // Both are measured from here. What the allocator keeps of the first is used again for the second, which is larger.
    let Some(before) = memory_stats() else { return Vec::new() };
    let fill = |field, payload, insert: fn(&Shop, u64)| {
        let shop = Shop::new();
        let mut points = Vec::new();
        for entries in 1..=ENTRIES {
            insert(&shop, entries);
            if entries >= FIRST && entries.is_multiple_of(STEP) {
                let grown = memory_stats()?.physical_mem.saturating_sub(before.physical_mem);
                #[allow(clippy::cast_precision_loss, reason = "figures for people")]
                let (grown, entries) = (grown as f64, entries as f64);
                points.push(Point { entries, per_entry: grown / entries });
            }
        }
        Some(Fill { field, payload, points })
    };
    let views = fill(ShopViews::NAME, size_of::<(u64, u64)>(), |shop, key| {
        shop.views().insert(key, 1);
    });
    let sessions = fill(ShopSessions::NAME, size_of::<(u64, Vec<u64>)>(), |shop, key| {
        shop.sessions().insert(key, Vec::new());
    });
    views.into_iter().chain(sessions).collect()
}

impl Fill {
    /// Bytes per entry, averaged over the last doubling of the number of entries.
    pub(crate) fn per_entry(&self) -> f64 {
        let most = self.points.last().map_or(0.0, |point| point.entries);
        let of_doubling = || self.points.iter().filter(|point| point.entries * 2.0 > most);
        #[allow(clippy::cast_precision_loss, reason = "a few")]
        let count = of_doubling().count() as f64;
        of_doubling().map(|point| point.per_entry).sum::<f64>() / count
    }
}
