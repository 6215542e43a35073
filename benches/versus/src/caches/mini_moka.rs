//! mini-moka's synchronous cache.

use super::Cache;
use crate::{entries::Entry, systems::Hasher};
use mini_moka::sync;
use std::time::Duration;

type Map<E> = sync::Cache<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(super) fn new<E: Entry>(capacity: usize, ttl: Option<Duration>) -> Map<E> {
    let builder = sync::Cache::builder().max_capacity(capacity as u64);
    let builder = match ttl {
        Some(ttl) => builder.time_to_live(ttl),
        None => builder,
    };
    builder.build_with_hasher(Hasher::default())
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
