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
pub(super) fn refuse_twins(wanted: &Wanted<'_>, at: &Location<'_>) {
    if let Some(map) = wanted.twins() {
        refuse(map, at);
    }
}

/// Refuses a transaction of two rows that are the same key of this map.
#[cold]
pub(super) fn refuse(map: &str, at: &Location<'_>) -> ! {
    panic!("two rows of the transaction at {at} are the same key of `{map}`: name each key once");
}

/// Locks the shards of these rows, one after the other, and runs a closure that is lent all their tables.
#[inline]
pub(super) fn lock_each<T>(
    rows: &impl Lockable,
    firsts: &[usize],
    lent: &mut Lent<'_>,
    run: impl FnOnce(&mut Lent<'_>) -> T,
) -> T {
    run_once(run, |run| lock_next(rows, firsts, lent, run))
}

/// As [`lock_each`], for reading.
#[inline]
pub(super) fn lock_each_to_read<T>(
    rows: &impl Lockable,
    firsts: &[usize],
    lent: &mut Lent<'_>,
    run: impl FnOnce(&mut Lent<'_>) -> T,
) -> T {
    run_once(run, |run| lock_next_to_read(rows, firsts, lent, run))
}

/// Not inlined, nor is `run`, since the stack has this once for each shard.
#[inline(never)]
fn lock_next(rows: &impl Lockable, firsts: &[usize], lent: &mut Lent<'_>, run: &mut dyn FnMut(&mut Lent<'_>)) {
    match firsts.split_first() {
        None => run(lent),
        Some((&first, rest)) => rows.lock(first, lent, |lent| lock_next(rows, rest, lent, run)),
    }
}

/// As [`lock_next`], for reading.
#[inline(never)]
fn lock_next_to_read(rows: &impl Lockable, firsts: &[usize], lent: &mut Lent<'_>, run: &mut dyn FnMut(&mut Lent<'_>)) {
    match firsts.split_first() {
        None => run(lent),
        Some((&first, rest)) => rows.lock_to_read(first, lent, |lent| lock_next_to_read(rows, rest, lent, run)),
    }
}

/// Has a closure run by a call that knows neither its type nor its result.
#[inline]
fn run_once<T>(run: impl FnOnce(&mut Lent<'_>) -> T, lock: impl FnOnce(&mut dyn FnMut(&mut Lent<'_>))) -> T {
    let (mut run, mut result) = (Some(run), None);
    lock(&mut |lent| result = run.take().map(|run| run(lent)));
    result.expect("a lock runs its closure")
}
