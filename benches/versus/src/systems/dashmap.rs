//! dashmap.

use super::{Access, Hasher};
use crate::entries::Entry;
use dashmap::DashMap;

type Map<E> = DashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(crate) fn default_shards<E: Entry>() -> Map<E> {
    DashMap::with_hasher(Hasher::default())
}

pub(crate) fn shards<E: Entry>(shards: usize) -> Map<E> {
    DashMap::with_hasher_and_shard_amount(Hasher::default(), shards)
}

/// Implements a system for both versions.
macro_rules! access {
    ($map:ident) => {
        impl<E: Entry> Access<E> for &$map<E::Key, E::Value, Hasher> {
            #[inline]
            fn get(&mut self, key: &E::Query) -> Option<E::Value> {
                $map::get(self, key).map(|value| *value)
            }

            #[inline]
            fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
                $map::insert(self, key, value).is_none()
            }

            #[inline]
            fn remove(&mut self, key: &E::Query) -> bool {
                $map::remove(self, key).is_some()
            }

            #[inline]
            fn increment(&mut self, key: &E::Query) -> bool {
                self.get_mut(key).map(|mut value| E::increment(&mut value)).is_some()
            }

            fn shrink(&mut self) {
                self.shrink_to_fit();
            }
        }
    };
}
pub(super) use access;

access!(DashMap);
