//! Memory that a field takes when it is built: see [`preallocate`](crate::builder::FieldOptions::preallocate).
//!
//! First the arenas get the memory for all tables, here. Then each table begins with its final size, in the memory that
//! is there, and the data about its slots is made for all of them. From then on a table neither grows nor shrinks, so
//! that no operation asks an arena for memory.

use super::placing::Placing;
use crate::{
    builder::{BuildError, StoreContext},
    engine::table::Shape,
    evict::InAdvance,
    memory::{arena::Arena, sys::available::available},
};
use std::thread;

/// Bytes that the data about one slot takes at most, in the evictions of this crate and in the schedule of expiry.
const ABOUT_A_SLOT: u64 = 24;

/// Gets the memory of all tables. `entries` is the number of the entries of each.
///
/// # Errors
///
/// If there is not enough.
pub(super) fn take(
    name: &'static str,
    placing: &Placing,
    shape: &Shape,
    entries: Option<usize>,
) -> Result<InAdvance, BuildError> {
    let refused = |why: String| BuildError::memory(name, why);
    let entries = entries.ok_or_else(|| refused("the field has no capacity in entries".to_owned()))?;
    let table = shape.in_advance(entries).ok_or_else(|| refused("no memory holds so many entries".to_owned()))?;
    let about_slots = ABOUT_A_SLOT * u64::from(table.slots);
    let bytes = |(arena, tables): (&Arena, u64)| {
        arena.bytes_of(tables * u64::from(table.buckets)).saturating_add(tables * about_slots)
    };
    let needed = placing.arenas().map(bytes).fold(0, u64::saturating_add);
    if let Some(left) = available().filter(|&left| left < needed) {
        return Err(refused(format!("it takes {}, and {} are left", megabytes(needed), megabytes(left))));
    }
    // The nodes at once: each has a memory controller of its own.
    let take = |(arena, tables): (&Arena, u64)| arena.take_in_advance(tables * u64::from(table.buckets));
    let is_there = thread::scope(|scope| {
        let mut arenas = placing.arenas();
        let first = arenas.next();
        let others: Vec<_> = arenas.map(|arena| scope.spawn(move || take(arena))).collect();
        let first = first.is_none_or(|arena| take(arena).is_some());
        // Every thread is joined.
        others.into_iter().map(|other| matches!(other.join(), Ok(Some(())))).fold(first, |all, is_there| all & is_there)
    });
    if is_there { Ok(table) } else { Err(refused(format!("the system has refused a part of {}", megabytes(needed)))) }
}

/// Notes in `store` if a table got no memory after all.
pub(super) fn note(store: &StoreContext, name: &'static str, placing: &Placing) {
    if placing.arenas().any(|(arena, _)| arena.is_exhausted()) {
        store.note(BuildError::memory(name, "the system has refused a part of it".to_owned()));
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
