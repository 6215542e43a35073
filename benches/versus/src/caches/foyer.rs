//! The in-memory part of foyer, with its default eviction. It has no expiry, so the value has the deadline.

use super::{Cache, LONG};
use crate::{entries::Entry, systems::Hasher};
use foyer_memory::{CacheBuilder, CacheProperties, S3FifoConfig};
use std::time::Instant;

type Map<E> = foyer_memory::Cache<<E as Entry>::Key, (<E as Entry>::Value, Instant), Hasher, CacheProperties>;

pub(super) fn new<E: Entry>(capacity: usize) -> Map<E> {
    let builder = CacheBuilder::new(capacity).with_eviction_config(S3FifoConfig::default());
    builder.with_hash_builder(Hasher::default()).build()
}

impl<E: Entry> Cache<E> for Map<E> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        let now = Instant::now();
        let hit = self.get(key).is_some_and(|entry| now < entry.value().1);
        if !hit {
            self.insert(key.to_owned(), (value, now + LONG));
        }
        hit
    }
}
