//! The locks of the rows of one access.

use super::{arrangement::Lockable, wanted::Wanted};
use crate::lock::Lent;
use std::panic::Location;

/// Where rows are, in the order of locks.
#[inline]
pub(super) fn locate(rows: &impl Lockable) -> Wanted<'_> {
    let mut wanted = Wanted::new();
    rows.places(&mut wanted);
    wanted.sort();
    wanted
}

/// Panics if two rows are the same key of the same map.
#[inline]
pub(super) fn refuse_twins(rows: &impl Lockable, wanted: &Wanted<'_>, at: &Location<'_>) {
    for (one, other) in wanted.alike() {
        refuse_if_twins(rows, one.row, other.row, one.map(), at);
    }
}

/// Different keys may have the same hash.
#[cold]
#[inline(never)]
fn refuse_if_twins(rows: &impl Lockable, one: usize, other: usize, map: &str, at: &Location<'_>) {
    assert!(
        !rows.has_key(other, &*rows.key(one)),
        "two rows of the transaction at {at} are the same key of `{map}`: name each key once"
    );
}

/// Locks the shards of these rows, one after the other, and runs a closure that is lent all their tables.
#[inline]
pub(super) fn lock_each<T>(
    rows: &impl Lockable,
    firsts: &[usize],
    lent: &mut Lent<'_>,
    run: impl FnOnce(&mut Lent<'_>) -> T,
) -> T {
    match firsts.split_first() {
        None => run(lent),
        Some((&first, rest)) => rows.lock(first, lent, |lent| lock_each(rows, rest, lent, run)),
    }
}

/// As [`lock_each`], for reading.
#[inline]
pub(super) fn lock_each_to_read<T>(
    rows: &impl Lockable,
    firsts: &[usize],
    lent: &mut Lent<'_>,
    run: impl FnOnce(&mut Lent<'_>) -> T,
) -> T {
    match firsts.split_first() {
        None => run(lent),
        Some((&first, rest)) => rows.lock_to_read(first, lent, |lent| lock_each_to_read(rows, rest, lent, run)),
    }
}
