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
    for (arena, tables) in placing.arenas() {
        if arena.take_in_advance(tables * u64::from(table.buckets), &|_| ()).is_none() {
            return Err(refused(format!("the system has refused a part of {}", megabytes(needed))));
        }
    }
    Ok(table)
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
