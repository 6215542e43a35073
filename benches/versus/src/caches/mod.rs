//! The caches that are compared: one file per system, and the list of them.
//!
//! A new one needs a file with an `impl Cache` and a line in the list. If its entries can have deadlines of their own,
//! it also needs an `impl Expiring`.

mod cached;
mod foyer;
mod mini_moka;
mod moka;
mod null;
mod quick_cache;
mod sharded;

pub(crate) use sharded::of_integers;

use crate::{
    entries::Entry,
    script::{BATCH, Requests},
    systems::Role,
};
use std::time::{Duration, Instant};

/// A time to live that is longer than every measurement.
pub(crate) const LONG: Duration = Duration::from_hours(1);

/// A cache with a capacity and a time to live.
pub(crate) trait Cache<E: Entry>: Sync {
    /// Looks a key up and inserts the entry if it is missing, by the fastest calls. Returns whether it was there.
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool;
}

/// A cache of integers in which each entry can have a deadline of its own.
pub(crate) trait Expiring: Sync {
    fn put(&self, key: u64, until: Instant);
    fn get(&self, key: u64) -> bool;
    /// Stored entries, expired or not.
    fn len(&self) -> u64;
    /// Removes expired entries, if the documentation tells users to call something regularly and the cache has no
    /// thread for it.
    fn upkeep(&self) {}
}

/// A cache for one kind of entry, with its type erased.
pub(crate) trait Driver<E: Entry>: Sync {
    /// Requests the next [`BATCH`] keys. Returns how many were missing.
    fn batch(&self, requests: &mut Requests) -> u64;
}

impl<E: Entry, C: Cache<E>> Driver<E> for C {
    fn batch(&self, requests: &mut Requests) -> u64 {
        let mut buffer = E::Buffer::default();
        let mut missing = 0;
        for _ in 0..BATCH {
            let number = requests.draw();
            missing += u64::from(!self.get_or_insert(E::query(number, &mut buffer), E::value(number)));
        }
        missing
    }
}

/// A cache by name.
pub(crate) struct Contender<E> {
    /// For the command line.
    pub(crate) id: &'static str,
    /// For tables.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Whether it is this library, which is not compared as a peer.
    pub(crate) is_ours: bool,
    /// Makes one of this capacity.
    pub(crate) build: fn(usize) -> Box<dyn Driver<E>>,
}

impl<E> Contender<E> {
    const fn peer(id: &'static str, name: &'static str, build: fn(usize) -> Box<dyn Driver<E>>) -> Self {
        Contender { id, name, role: Role::Rival, is_ours: false, build }
    }
}

/// All caches for one kind of entry.
pub(crate) fn all<E: Entry>() -> Vec<Contender<E>> {
    let mut all = vec![
        Contender { role: Role::Floor, ..Contender::peer("null", "(nothing)", |_| Box::new(null::Null)) },
        Contender::peer("moka", "moka", |capacity| Box::new(moka::with_ttl::<E>(capacity))),
        Contender::peer("quick_cache", "quick_cache, Instant", |capacity| Box::new(quick_cache::new::<E>(capacity))),
        Contender::peer("mini-moka", "mini-moka", |capacity| Box::new(mini_moka::new::<E>(capacity))),
        Contender::peer("foyer", "foyer S3-FIFO, Instant", |capacity| Box::new(foyer::new::<E>(capacity))),
        Contender::peer("cached", "cached LRU", |capacity| Box::new(cached::with_ttl::<E>(capacity))),
    ];
    all.extend(sharded::contenders());
    all.extend(E::caches());
    all
}

/// A cache for the storm, by name.
pub(crate) struct Storming {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) build: fn() -> Box<dyn Expiring>,
}

/// A capacity for all inserted entries.
const AMPLE: usize = 1_300_000;

/// All caches whose entries have deadlines of their own.
pub(crate) fn storming() -> Vec<Storming> {
    let mut all = vec![
        Storming { id: "null", name: "(nothing)", build: || Box::new(null::Null) },
        Storming { id: "moka", name: "moka", build: || Box::new(moka::with_deadlines(AMPLE)) },
        Storming {
            id: "quick_cache",
            name: "quick_cache, Instant",
            build: || Box::new(quick_cache::new::<crate::entries::Integers>(AMPLE)),
        },
        Storming { id: "cached", name: "cached LRU", build: || Box::new(cached::with_deadlines(AMPLE)) },
    ];
    all.extend(sharded::storming());
    all
}
