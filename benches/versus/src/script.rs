//! The operations of a thread, in batches. A script goes on in the system's next turn.

pub(crate) use sharded_bench_common::turns::BATCH;

use crate::{
    mix::{Mix, Shares},
    random::{Uniform, Zipf},
};

/// Keys of one call that takes several.
pub(crate) const MANY: usize = 32;

/// What is done with a group of [`MANY`] keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Read present entries, all equally likely.
    Get,
    /// Replace the values of present entries, all equally likely.
    Insert,
    /// Remove present entries, and insert as many new ones.
    Exchange,
}

/// Operations on groups of keys. The keys of a group are made before its operations.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    pub(crate) group: Group,
    /// Whether a group is one call. It is compared with as many single calls.
    pub(crate) is_one_call: bool,
    pub(crate) keys: Uniform,
    /// For [`Group::Exchange`]: the script has so many entries of its own, and has removed so many.
    share: u64,
    removed: u64,
    /// The number of this script among those that use the table.
    owner: u64,
}

impl Groups {
    /// The next entry to remove, and the one to insert in its place.
    pub(crate) fn exchange(&mut self) -> (u64, u64) {
        self.removed += 1;
        (self.number(self.removed - 1), self.number(self.removed - 1 + self.share))
    }

    /// The number of this script's entry of this age. The first ones are in the table at the start.
    fn number(&self, age: u64) -> u64 {
        if age < self.share { self.owner * self.share + age } else { ((self.owner + 1) << 40) + age }
    }
}

/// The operations of one thread.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// Read a present entry. All are equally likely.
    Hit(Uniform),
    /// Read a present entry, by Zipf's law.
    HitZipf(Zipf),
    /// Read a present entry and change another one in place, by Zipf's law, in turn.
    HalfIncrement(Zipf),
    /// Change a present entry in place.
    Increment(Zipf),
    /// A mixture of operations.
    Mix(Mix),
    /// Groups of keys.
    Groups(Groups),
}

/// The keys that are requested from a cache.
#[derive(Clone, Debug)]
pub(crate) enum Requests {
    /// By Zipf's law.
    Zipf(Zipf),
    /// All equally likely.
    Among(Uniform),
    /// Each once, from this number on.
    Fresh(u64),
}

impl Requests {
    pub(crate) fn zipf(threads: usize, entries: u64) -> Vec<Self> {
        Zipf::for_threads(threads, entries, 0.99).into_iter().map(Requests::Zipf).collect()
    }

    pub(crate) fn among(entries: u64) -> Self {
        Requests::Among(Uniform::new(0, entries))
    }

    pub(crate) fn draw(&mut self) -> u64 {
        match self {
            Requests::Zipf(zipf) => zipf.draw(),
            Requests::Among(uniform) => uniform.draw(),
            Requests::Fresh(next) => {
                *next += 1;
                *next
            }
        }
    }
}

impl Script {
    pub(crate) fn hits(threads: usize, entries: u64) -> Vec<Self> {
        Uniform::for_threads(threads, entries).map(Script::Hit).collect()
    }

    pub(crate) fn zipf_hits(threads: usize, entries: u64) -> Vec<Self> {
        Zipf::for_threads(threads, entries, 0.99).into_iter().map(Script::HitZipf).collect()
    }

    pub(crate) fn half_increments(threads: usize, entries: u64) -> Vec<Self> {
        Zipf::for_threads(threads, entries, 0.99).into_iter().map(Script::HalfIncrement).collect()
    }

    pub(crate) fn increments(threads: usize, entries: u64) -> Vec<Self> {
        Zipf::for_threads(threads, entries, 0.99).into_iter().map(Script::Increment).collect()
    }

    pub(crate) fn mixes(shares: Shares, threads: usize, entries: u64) -> Vec<Self> {
        Mix::for_threads(shares, threads, entries).into_iter().map(Script::Mix).collect()
    }

    /// Of a table that has the numbers below `entries`. Scripts with and without one call can use the same table.
    pub(crate) fn groups(group: Group, is_one_call: bool, threads: usize, entries: u64) -> Vec<Self> {
        let threads = threads as u64;
        let (share, first) = (entries / (2 * threads), if is_one_call { threads } else { 0 });
        let script = |(owner, keys)| Script::Groups(Groups { group, is_one_call, keys, share, removed: 0, owner });
        (first..).zip((0..threads).map(|thread| Uniform::new(thread, entries))).map(script).collect()
    }
}
