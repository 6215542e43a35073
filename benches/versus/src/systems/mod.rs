//! The maps that are compared: one file per system, and the list of them.
//!
//! A new one needs a file with an `impl Access` and a line in the list.

mod by_hand;
mod dashmap;
mod dashmap_7;
mod flurry;
mod hash_index;
mod leapfrog;
mod null;
mod one_lock;
mod papaya;
mod plain;
mod scc;
mod sharded;

pub(crate) use self::{
    by_hand::ByHand,
    sharded::{Map, Mutex, Optimistic, RwLock},
};

use crate::{
    driver::Driver,
    entries::{Entry, Integers},
    script::MANY,
};
use std::hash::BuildHasher;

/// A map that threads share.
pub(crate) trait System<E: Entry>: Sync {
    /// The view of one thread.
    type Handle<'a>: Access<E>
    where
        Self: 'a;

    fn handle(&self) -> Self::Handle<'_>;
}

/// The operations of a map. Each call takes and releases its own locks or guards.
pub(crate) trait Access<E: Entry> {
    fn get(&mut self, key: &E::Query) -> Option<E::Value>;
    /// Returns whether the key is new.
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool;
    /// Returns whether the key was there.
    fn remove(&mut self, key: &E::Query) -> bool;
    /// Changes a value in place, or as close to that as the system allows. Returns whether the key was there.
    fn increment(&mut self, key: &E::Query) -> bool;
    /// Shrinks the map, if there is a call for that.
    fn shrink(&mut self) {}
    /// Reads some keys in one call, if the system has one. Returns how many were there.
    fn get_many(&mut self, keys: &[&E::Query]) -> usize {
        keys.iter().filter(|key| self.get(key).is_some()).count()
    }
    /// Inserts some entries in one call, if the system has one. Returns how many keys are new.
    fn insert_many(&mut self, entries: [(E::Key, E::Value); MANY]) -> usize {
        entries.into_iter().filter_map(|(key, value)| self.insert(key, value).then_some(())).count()
    }
    /// Removes some keys in one call, if the system has one. Returns how many were there.
    fn remove_many(&mut self, keys: &[&E::Query]) -> usize {
        keys.iter().filter(|key| self.remove(key)).count()
    }
}

/// A map that a thread uses through a shared reference.
struct Shared<M>(M);

impl<E: Entry, M: Sync + 'static> System<E> for Shared<M>
where
    for<'a> &'a M: Access<E>,
{
    type Handle<'a> = &'a M;

    fn handle(&self) -> &M {
        &self.0
    }
}

/// The hasher of all systems except sharded, which seeds the same one itself.
#[derive(Clone)]
pub(crate) struct Hasher(ahash::RandomState);

impl Default for Hasher {
    fn default() -> Self {
        Hasher(ahash::RandomState::with_seeds(1, 2, 3, 4))
    }
}

impl BuildHasher for Hasher {
    type Hasher = ahash::AHasher;

    #[inline]
    fn build_hasher(&self) -> ahash::AHasher {
        self.0.build_hasher()
    }
}

/// The role of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Compared in all measurements.
    Rival,
    /// For one thread: the cost of a lookup without sharing.
    Alone,
    /// Compared in memory, since its entries have a deadline. In other measurements only if it is named.
    Expiring,
    /// Not a map: the cost of measuring.
    Floor,
}

/// A system by name.
pub(crate) struct Contender<E> {
    /// For the command line.
    pub(crate) id: &'static str,
    /// For tables.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Whether it has calls for several keys.
    pub(crate) has_batches: bool,
    /// Makes an empty one.
    pub(crate) build: fn() -> Box<dyn Driver<E>>,
}

impl<E> Clone for Contender<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E> Copy for Contender<E> {}

impl<E> Contender<E> {
    const fn new(id: &'static str, name: &'static str, build: fn() -> Box<dyn Driver<E>>) -> Self {
        Contender { id, name, role: Role::Rival, has_batches: false, build }
    }

    const fn role(self, role: Role) -> Self {
        Contender { role, ..self }
    }

    const fn with_batches(self) -> Self {
        Contender { has_batches: true, ..self }
    }
}

/// The system that the others are compared with.
pub(crate) const BASELINE: &str = "hand";

/// All systems for one kind of entry.
pub(crate) fn all<E: Entry>() -> Vec<Contender<E>> {
    let mut all = vec![
        Contender::new("null", "(nothing)", || Box::new(Shared(null::Null))).role(Role::Floor),
        Contender::new("plain", "hashbrown, no lock", || Box::new(plain::Plain::<E>::default())).role(Role::Alone),
        Contender::new(BASELINE, "by hand, 64 RwLock", || Box::new(Shared(by_hand::ByHand::<E>::new()))),
        Contender::new("one-lock", "RwLock<HashMap>", || Box::new(Shared(one_lock::new::<E>()))),
        Contender::new("dashmap", "dashmap 6", || Box::new(Shared(dashmap::default_shards::<E>()))),
        Contender::new("dashmap-64", "dashmap 6, 64 shards", || Box::new(Shared(dashmap::shards::<E>(64)))),
        Contender::new("dashmap-7", "dashmap 7 rc", || Box::new(Shared(dashmap_7::new::<E>()))),
        Contender::new("scc", "scc HashMap", || Box::new(Shared(scc::new::<E>()))),
        Contender::new("hash-index", "scc HashIndex", || Box::new(Shared(hash_index::new::<E>()))),
        Contender::new("papaya", "papaya", || Box::new(Shared(papaya::new::<E>()))),
        Contender::new("flurry", "flurry", || Box::new(Shared(flurry::new::<E>()))),
    ];
    all.extend(sharded::contenders());
    all.extend(E::systems());
    all
}

/// Those for integers only.
pub(crate) fn of_integers() -> Vec<Contender<Integers>> {
    let mut systems = vec![Contender::new("leapfrog", "leapfrog", || Box::new(Shared(leapfrog::new())))];
    systems.extend(sharded::optimistic());
    systems
}
