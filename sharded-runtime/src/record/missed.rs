//! The cost of a miss in a program that fills a cache by itself: the time from a read that found nothing to the insert
//! of that key by the same thread.

use super::timed::nanos_since;
use crate::hasher::KeyHash;
use std::{cell::Cell, time::Instant};

/// A read that found nothing.
#[derive(Clone, Copy)]
struct Missed {
    /// The address of the map's recording.
    map: usize,
    hash: KeyHash,
    at: Instant,
}

thread_local! {
    /// The latest miss of a followed key by this thread. There are few followed keys, so two misses rarely overlap.
    static MISSED: Cell<Option<Missed>> = const { Cell::new(None) };
}

/// Records whether a read found nothing. If it found the key, another thread has inserted it, and a later insert is no
/// fill.
pub(super) fn note(map: usize, hash: KeyHash, is_missed: bool) {
    if is_missed {
        MISSED.set(Some(Missed { map, hash, at: Instant::now() }));
    } else {
        let _found = take(map, hash);
    }
}

/// Nanoseconds since this thread missed the key that it inserts.
pub(super) fn since(map: usize, hash: KeyHash) -> Option<u64> {
    take(map, hash).map(|missed| nanos_since(missed.at))
}

fn take(map: usize, hash: KeyHash) -> Option<Missed> {
    let is_it = |missed: &Missed| missed.map == map && missed.hash == hash;
    let missed = MISSED.get().filter(is_it)?;
    MISSED.set(None);
    Some(missed)
}
