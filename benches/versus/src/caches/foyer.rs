//! The in-memory part of foyer, with S3-FIFO. It has no expiry: where there is a ttl, the value has the deadline beside
//! it.

use super::{Cache, Deadline};
use crate::{entries::Entry, systems::Hasher};
use foyer_memory::{CacheBuilder, CacheProperties, S3FifoConfig};

type Map<E, D> = foyer_memory::Cache<<E as Entry>::Key, (<E as Entry>::Value, D), Hasher, CacheProperties>;

pub(super) fn new<E: Entry, D: Deadline>(capacity: usize) -> Map<E, D> {
    let builder = CacheBuilder::new(capacity).with_eviction_config(S3FifoConfig::default());
    builder.with_hash_builder(Hasher::default()).build()
}

impl<E: Entry, D: Deadline> Cache<E> for Map<E, D> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        let now = D::now();
        let hit = self.get(key).is_some_and(|entry| entry.value().1.is_ahead(now));
        if !hit {
            self.insert(key.to_owned(), (value, D::after(now)));
        }
        hit
    }
}
