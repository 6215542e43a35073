//! scc's `HashIndex`, which is made for reading, through its blocking calls. A change replaces the entry with a changed
//! copy.

use super::{Access, Hasher};
use crate::entries::Entry;
use scc::{HashIndex, hash_index::Entry as Place};

type Map<E> = HashIndex<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(crate) fn new<E: Entry>() -> Map<E> {
    HashIndex::with_hasher(Hasher::default())
}

impl<E: Entry> Access<E> for &Map<E> {
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        self.peek_with(key, |_, value| *value)
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        match self.entry_sync(key) {
            Place::Occupied(mut place) => {
                place.update(value);
                false
            }
            Place::Vacant(place) => {
                place.insert_entry(value);
                true
            }
        }
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        self.remove_sync(key)
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        let Some(mut place) = self.get_sync(key) else { return false };
        let mut value = *place.get();
        E::increment(&mut value);
        place.update(value);
        true
    }
}
