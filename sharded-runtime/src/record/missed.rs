//! From a read that found nothing to the insert of that key by the same thread: what a miss costs a program that fills a cache by itself.

use super::timed::nanos_since;
use std::{cell::Cell, time::Instant};

/// A read that found nothing.
#[derive(Clone, Copy)]
struct Missed {
    /// The address of the map's recording.
    map: usize,
    hash: u64,
    at: Instant,
}

thread_local! {
    /// This thread's latest one, of those keys whose every use is noted: so few that one of them is seldom missed while another is fetched.
    static MISSED: Cell<Option<Missed>> = const { Cell::new(None) };
}

/// Notes of a read whether it found nothing. What is found after all was put in by someone else, and an insert then fills no gap.
pub(super) fn note(map: usize, hash: u64, is_missed: bool) {
    if is_missed {
        MISSED.set(Some(Missed { map, hash, at: Instant::now() }));
    } else {
        let _found = take(map, hash);
    }
}

/// Nanoseconds since this thread missed the key that it inserts.
pub(super) fn since(map: usize, hash: u64) -> Option<u64> {
    take(map, hash).map(|missed| nanos_since(missed.at))
}

fn take(map: usize, hash: u64) -> Option<Missed> {
    let is_it = |missed: &Missed| missed.map == map && missed.hash == hash;
    let missed = MISSED.get().filter(is_it)?;
    MISSED.set(None);
    Some(missed)
}
