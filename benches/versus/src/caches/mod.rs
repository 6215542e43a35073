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

pub(crate) use self::sharded::of_integers;

use crate::{
    entries::Entry,
    script::{BATCH, Requests},
    systems::Role,
};
use std::time::{Duration, Instant};

/// A time to live that is longer than every measurement.
pub(crate) const LONG: Duration = Duration::from_hours(1);

/// Whether the entries of a cache have a time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// [`LONG`].
    Limited,
    /// None. No system reads a clock or keeps a deadline.
    Unlimited,
}

impl Lifetime {
    pub(crate) const ALL: [Lifetime; 2] = [Lifetime::Limited, Lifetime::Unlimited];

    /// The name in titles.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Lifetime::Limited => "with a ttl",
            Lifetime::Unlimited => "without a ttl",
        }
    }
}

/// A cache with a capacity, with or without a time to live.
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
pub(crate) fn all<E: Entry>(lifetime: Lifetime) -> Vec<Contender<E>> {
    let mut all =
        vec![Contender { role: Role::Floor, ..Contender::peer("null", "(nothing)", |_| Box::new(null::Null)) }];
    match lifetime {
        Lifetime::Limited => all.extend([
            Contender::peer("moka", "moka", |capacity| Box::new(moka::new::<E>(capacity, Some(LONG)))),
            Contender::peer("quick_cache", "quick_cache, Instant", |capacity| {
                Box::new(quick_cache::new::<E, Instant>(capacity))
            }),
            Contender::peer("quick_cache-coarse", "quick_cache, coarse clock", |capacity| {
                Box::new(quick_cache::new::<E, quick_cache::Coarse>(capacity))
            }),
            Contender::peer("mini-moka", "mini-moka", |capacity| Box::new(mini_moka::new::<E>(capacity, Some(LONG)))),
            Contender::peer("foyer", "foyer S3-FIFO, Instant", |capacity| Box::new(foyer::new::<E, Instant>(capacity))),
            Contender::peer("cached", "cached LRU", |capacity| Box::new(cached::with_ttl::<E>(capacity))),
        ]),
        Lifetime::Unlimited => all.extend([
            Contender::peer("moka", "moka", |capacity| Box::new(moka::new::<E>(capacity, None))),
            Contender::peer("quick_cache", "quick_cache", |capacity| Box::new(quick_cache::new::<E, ()>(capacity))),
            Contender::peer("mini-moka", "mini-moka", |capacity| Box::new(mini_moka::new::<E>(capacity, None))),
            Contender::peer("foyer", "foyer S3-FIFO", |capacity| Box::new(foyer::new::<E, ()>(capacity))),
            Contender::peer("cached", "cached LRU", |capacity| Box::new(cached::without_ttl::<E>(capacity))),
        ]),
    }
    all.extend(sharded::contenders(lifetime));
    all.extend(E::caches(lifetime));
    all
}

/// What a value has beside it in a cache without expiry, so that a reader knows whether it has expired.
pub(crate) trait Deadline: Clone + Send + Sync + 'static {
    /// The present time. It is read once for a lookup and the insert that follows it.
    type Now: Copy;

    fn now() -> Self::Now;
    /// [`LONG`] from now.
    fn after(now: Self::Now) -> Self;
    fn is_ahead(&self, now: Self::Now) -> bool;
}

/// No time to live.
impl Deadline for () {
    type Now = ();

    fn now() {}
    fn after((): ()) {}
    fn is_ahead(&self, (): ()) -> bool {
        true
    }
}

/// The clock of the standard library.
impl Deadline for Instant {
    type Now = Instant;

    fn now() -> Instant {
        Instant::now()
    }

    fn after(now: Instant) -> Instant {
        now + LONG
    }

    fn is_ahead(&self, now: Instant) -> bool {
        now < *self
    }
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
            build: || Box::new(quick_cache::new::<crate::entries::Integers, Instant>(AMPLE)),
        },
        Storming { id: "cached", name: "cached LRU", build: || Box::new(cached::with_deadlines(AMPLE)) },
    ];
    all.extend(sharded::storming());
    all
}
