//! The simplest shared map: a `RwLock` around a map.

use super::{Access, Hasher};
use crate::entries::Entry;
use hashbrown::HashMap;
use parking_lot::RwLock;

type Map<E> = RwLock<HashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>>;

pub(crate) fn new<E: Entry>() -> Map<E> {
    RwLock::default()
}

impl<E: Entry> Access<E> for &Map<E> {
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        self.read().get(key).copied()
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        self.write().insert(key, value).is_none()
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        // Its own statement, so that the entry is dropped after the lock.
        let removed = self.write().remove_entry(key);
        removed.is_some()
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        self.write().get_mut(key).map(E::increment).is_some()
    }

    fn shrink(&mut self) {
        self.write().shrink_to_fit();
    }
}
