//! hashbrown itself, for one thread.

use super::{Access, Hasher, System};
use crate::entries::Entry;
use hashbrown::{HashMap, hash_map::Entry as Place};
use parking_lot::{Mutex, MutexGuard};

type Map<E> = HashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

/// Locked once for a whole batch of operations. Only the compiler needs the lock, and it does not affect the figures.
pub(crate) struct Plain<E: Entry>(Mutex<Map<E>>);

impl<E: Entry> Default for Plain<E> {
    fn default() -> Self {
        Plain(Mutex::default())
    }
}

impl<E: Entry> System<E> for Plain<E> {
    type Handle<'a> = MutexGuard<'a, Map<E>>;

    fn handle(&self) -> Self::Handle<'_> {
        self.0.lock()
    }
}

impl<E: Entry> Access<E> for MutexGuard<'_, Map<E>> {
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        HashMap::get(self, key).copied()
    }

    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        match self.entry(key) {
            Place::Occupied(mut place) => {
                place.insert(value);
                false
            }
            Place::Vacant(place) => {
                place.insert(value);
                true
            }
        }
    }

    fn remove(&mut self, key: &E::Query) -> bool {
        HashMap::remove(self, key).is_some()
    }

    fn increment(&mut self, key: &E::Query) -> bool {
        self.get_mut(key).map(E::increment).is_some()
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }
}
