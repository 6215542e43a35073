//! flurry. A change replaces the value with a changed copy.

use super::{Access, Hasher};
use crate::entries::Entry;
use flurry::HashMap;

type Map<E> = HashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(crate) fn new<E: Entry>() -> Map<E> {
    HashMap::with_hasher(Hasher::default())
}

impl<E: Entry> Access<E> for &Map<E> {
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        self.pin().get(key).copied()
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        self.pin().insert(key, value).is_none()
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        self.pin().remove(key).is_some()
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        let changed = |_: &E::Key, value: &E::Value| {
            let mut value = *value;
            E::increment(&mut value);
            Some(value)
        };
        self.pin().compute_if_present(key, changed).is_some()
    }
}
