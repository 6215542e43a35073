//! The operations of a thread, in batches. A script goes on in the system's next turn.

pub(crate) use sharded_bench_common::turns::BATCH;

use crate::{
    mix::{Mix, Shares},
    random::{Uniform, Zipf},
};

/// Keys that one `get_many` reads.
pub(crate) const MANY: usize = 32;

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
    /// As `Hit`, but the keys of [`MANY`] reads are made first. `Many` is compared with it.
    Single(Uniform),
    /// As `Single`, in one call.
    Many(Uniform),
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

    pub(crate) fn singles(threads: usize, entries: u64) -> Vec<Self> {
        Uniform::for_threads(threads, entries).map(Script::Single).collect()
    }

    pub(crate) fn manys(threads: usize, entries: u64) -> Vec<Self> {
        Uniform::for_threads(threads, entries).map(Script::Many).collect()
    }
}
