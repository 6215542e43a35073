//! leapfrog's `LeapMap`, whose keys and values are integers.

use super::{Access, Hasher};
use crate::entries::Integers;
use leapfrog::LeapMap;

type Map = LeapMap<u64, u64, Hasher>;

/// The initial size of its `new`, which takes no hasher.
pub(crate) fn new() -> Map {
    LeapMap::with_capacity_and_hasher(8, Hasher::default())
}

impl Access<Integers> for &Map {
    #[inline]
    fn get(&mut self, key: &u64) -> Option<u64> {
        LeapMap::get(self, key).and_then(|mut entry| entry.value())
    }

    #[inline]
    fn insert(&mut self, key: u64, value: u64) -> bool {
        LeapMap::insert(self, key, value).is_none()
    }

    #[inline]
    fn remove(&mut self, key: &u64) -> bool {
        LeapMap::remove(self, key).is_some()
    }

    #[inline]
    fn increment(&mut self, key: &u64) -> bool {
        self.get_mut(key).and_then(|mut entry| entry.update(|value| *value = value.wrapping_add(1))).is_some()
    }
}
