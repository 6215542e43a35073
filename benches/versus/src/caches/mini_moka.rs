//! mini-moka's synchronous cache.

use super::{Cache, LONG};
use crate::{entries::Entry, systems::Hasher};
use mini_moka::sync;

type Map<E> = sync::Cache<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(super) fn new<E: Entry>(capacity: usize) -> Map<E> {
    sync::Cache::builder().max_capacity(capacity as u64).time_to_live(LONG).build_with_hasher(Hasher::default())
}

impl<E: Entry> Cache<E> for Map<E> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        // It looks up by what an `Arc` of the key lends, which is the key as it is stored.
        let key = key.to_owned();
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, value);
        }
        hit
    }
}
