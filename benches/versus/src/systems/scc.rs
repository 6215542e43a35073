//! scc's `HashMap`, through its blocking calls.

use super::{Access, Hasher};
use crate::entries::Entry;
use scc::HashMap;

type Map<E> = HashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(crate) fn new<E: Entry>() -> Map<E> {
    HashMap::with_hasher(Hasher::default())
}

impl<E: Entry> Access<E> for &Map<E> {
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        self.read_sync(key, |_, value| *value)
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        self.upsert_sync(key, value).is_none()
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        self.remove_sync(key).is_some()
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        self.update_sync(key, |_, value| E::increment(value)).is_some()
    }
}
