//! Memory that a field takes when it is built: see [`preallocate`](crate::builder::FieldOptions::preallocate).
//!
//! First the arenas get the memory for all tables, here. Then each table begins with its final size, in the memory that
//! is there, and the data about its slots is made for all of them. From then on a table neither grows nor shrinks, so
//! that no operation asks an arena for memory.

use super::placing::{Placing, Wanted};
use crate::{
    builder::{BuildError, StoreContext},
    evict::InAdvance,
    memory::{arena::Arena, sys::available::available},
};
use std::{
    io,
    thread::{self, ScopedJoinHandle},
};

/// Bytes that the data about one slot takes at most, in the evictions of this crate and in the schedule of expiry.
const ABOUT_A_SLOT: u64 = 24;

/// Bytes that the schedule of a table takes besides, if entries expire: its wheel.
const WHEEL: u64 = 16 << 10;

/// Gets the memory of all tables. `entries` is the number of the entries of each.
///
/// # Errors
///
/// If there is not enough.
pub(super) fn take(
    name: &'static str,
    placing: &Placing,
    wanted: &Wanted,
    entries: Option<usize>,
) -> Result<InAdvance, BuildError> {
    let refused = |why: String| BuildError::memory(name, why);
    let entries = entries.ok_or_else(|| refused("the field has no capacity in entries".to_owned()))?;
    let table =
        wanted.shape.in_advance(entries).ok_or_else(|| refused("no memory holds so many entries".to_owned()))?;
    let about_slots = ABOUT_A_SLOT * u64::from(table.slots) + if wanted.expires { WHEEL } else { 0 };
    let bytes = |(arena, tables): (&Arena, u64)| {
        arena.bytes_of(tables * u64::from(table.buckets)).saturating_add(tables * about_slots)
    };
    let needed = placing.arenas().map(bytes).fold(0, u64::saturating_add);
    check(needed, available()).map_err(refused)?;
    // The nodes at once: each has a memory controller of its own.
    let take = |(arena, tables): (&Arena, u64)| arena.take_in_advance(tables * u64::from(table.buckets));
    let is_there = thread::scope(|scope| {
        let mut arenas = placing.arenas();
        let first = arenas.next();
        let others: Vec<_> =
            arenas.map(|arena| (arena, thread::Builder::new().spawn_scoped(scope, move || take(arena)))).collect();
        let first = first.is_none_or(|arena| take(arena).is_some());
        let is_there = |(arena, thread): (_, io::Result<ScopedJoinHandle<'_, _>>)| match thread {
            Ok(thread) => matches!(thread.join(), Ok(Some(()))),
            // There is no further thread.
            Err(_) => take(arena).is_some(),
        };
        // Every thread is joined.
        others.into_iter().map(is_there).fold(first, |all, is_there| all & is_there)
    });
    if is_there { Ok(table) } else { Err(refused(format!("the system has refused a part of {}", megabytes(needed)))) }
}

/// What is wrong if so many bytes are needed and only so many are left, as far as that is known.
fn check(needed: u64, left: Option<u64>) -> Result<(), String> {
    match left.filter(|&left| left < needed) {
        None => Ok(()),
        Some(left) => Err(format!("it takes {}, and {} are left", megabytes(needed), megabytes(left))),
    }
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

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_needed_must_be_left() {
        assert_eq!(check(3 << 20, Some(3 << 20)), Ok(()));
        assert_eq!(check(3 << 20, None), Ok(()));
        assert_eq!(check(3 << 20, Some(2 << 20)), Err("it takes 3 MiB, and 2 MiB are left".to_owned()));
    }
}
