//! What a thread does to a map, batch by batch; it goes on where it stopped when the system has its next turn.

pub(crate) use sharded_bench_common::turns::BATCH;

use crate::{
    mix::{Mix, Shares},
    random::{Uniform, Zipf},
};

/// Keys that one `get_many` reads.
pub(crate) const MANY: usize = 16;

/// One thread's work.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// Read an entry that is there; all are equally likely.
    Hit(Uniform),
    /// Read an entry that is there; some are asked for far more often than others.
    HitZipf(Zipf),
    /// Change an entry that is there, in place.
    Increment(Zipf),
    /// A mixture of operations.
    Mix(Mix),
    /// As `Hit`, with the keys of [`MANY`] reads made first: what `Many` is compared to.
    Single(Uniform),
    /// As `Single`, in one call.
    Many(Uniform),
}

/// Which keys a cache is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Requests {
    /// Some far more often than others.
    Zipf(Zipf),
    /// All of these equally often.
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
