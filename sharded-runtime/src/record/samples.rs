//! The samples of the uses of a map, until they are written.

use super::followed::{Followed, rank};
use crate::hasher::KeyHash;
use std::time::Instant;

/// A kind of use, as a workload file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    Read,
    Insert,
    Remove,
    Update,
    Load,
}

impl Operation {
    /// The names, by number.
    pub(super) const NAMES: [&'static str; 6] = ["get", "read", "insert", "remove", "update", "load"];
}

/// One use.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordedUse {
    pub(super) operation: Operation,
    /// The rank of the key, see `followed.rs`.
    pub(super) rank: u8,
    /// The lower half of the hash.
    pub(super) key: u32,
    /// Milliseconds since the recording began.
    pub(super) at: u32,
}

impl RecordedUse {
    pub(super) fn new(operation: Operation, hash: KeyHash, at: u32) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "half of the hash is kept")]
        let key = (hash.bits() ^ (hash.bits() >> 32)) as u32;
        RecordedUse { operation, rank: rank(hash), key, at }
    }

    /// Whether its key has this rank at least.
    pub(super) fn is_of(self, least_rank: u32) -> bool {
        u32::from(self.rank) >= least_rank
    }
}

/// The latest of many times, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) kept: Vec<u64>,
    taken: usize,
}

impl Times {
    /// The most times that are kept: 32 KiB.
    const MOST: usize = 1 << 12;

    pub(super) fn take(&mut self, nanos: u64) {
        if self.kept.len() < Self::MOST {
            self.kept.push(nanos);
        } else {
            self.kept[self.taken % Self::MOST] = nanos;
        }
        self.taken += 1;
    }
}

/// The samples of some threads.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) began: Instant,
    /// Uses that were recorded because of their turn, with any key.
    pub(super) by_turn: Vec<RecordedUse>,
    /// One in this many uses is kept: one in two once there is no more room, then one in four, and so on.
    pub(super) kept_one_in: u32,
    skipped: u32,
    /// All uses of the followed keys, in order.
    pub(super) by_key: Vec<RecordedUse>,
    /// The least rank of their keys.
    least_rank: u32,
    /// For each shard: its sampled uses, and those that found another thread in it.
    pub(super) shards: Vec<(u32, u32)>,
    pub(super) threads: Vec<usize>,
    /// The times of closures on an entry.
    pub(super) holds: Times,
    /// The times of misses, without those of loaders, which the map counts.
    pub(super) misses: Times,
}

impl Samples {
    /// The most uses that are kept, by turn and by key each: 768 KiB.
    const MOST: usize = 1 << 16;

    pub(super) fn new(began: Instant, shards: usize) -> Self {
        Samples {
            began,
            by_turn: Vec::new(),
            kept_one_in: 1,
            skipped: 0,
            by_key: Vec::new(),
            least_rank: 0,
            shards: vec![(0, 0); shards],
            threads: Vec::new(),
            holds: Times::default(),
            misses: Times::default(),
        }
    }

    pub(super) fn take(&mut self, sampled: RecordedUse, shard: usize, met: bool, thread: usize) {
        self.skipped += 1;
        if self.skipped >= self.kept_one_in {
            self.skipped = 0;
            if self.by_turn.len() == Self::MOST {
                let mut number = 0_u32;
                self.by_turn.retain(|_| {
                    number += 1;
                    number.is_multiple_of(2)
                });
                self.kept_one_in *= 2;
            }
            self.by_turn.push(sampled);
        }
        if let Some((uses, meetings)) = self.shards.get_mut(shard) {
            *uses += 1;
            *meetings += u32::from(met);
        }
        if !self.threads.contains(&thread) && self.threads.len() < 4096 {
            self.threads.push(thread);
        }
    }

    pub(super) fn follow(&mut self, used: RecordedUse, followed: &Followed) {
        if self.by_key.len() == Self::MOST {
            followed.halve(self.least_rank);
        }
        let least_rank = followed.least_rank();
        if self.least_rank != least_rank {
            self.least_rank = least_rank;
            self.by_key.retain(|used| used.is_of(least_rank));
        }
        if used.is_of(least_rank) && self.by_key.len() < Self::MOST {
            self.by_key.push(used);
        }
    }
}
