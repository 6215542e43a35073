//! dashmap's next major version, as far as it is released.

use super::{Access, Hasher};
use crate::entries::Entry;
use dashmap_7::DashMap;

type Map<E> = DashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(crate) fn new<E: Entry>() -> Map<E> {
    DashMap::with_hasher(Hasher::default())
}

impl<E: Entry> Access<E> for &Map<E> {
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        DashMap::get(self, key).map(|value| *value)
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        DashMap::insert(self, key, value).is_none()
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        DashMap::remove(self, key).is_some()
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        self.get_mut(key).map(|mut value| E::increment(&mut value)).is_some()
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }
}
