//! moka's synchronous cache. It postpones part of its work to later calls, or to `run_pending_tasks`.

use super::{Cache, Expiring};
use crate::{entries::Entry, systems::Hasher};
use moka::{Expiry, sync};
use std::time::{Duration, Instant};

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
        // Two calls: `get_with` also keeps others from loading the same value, and takes longer.
        let hit = self.get(key).is_some();
        if !hit {
            self.insert(key.to_owned(), value);
        }
        hit
    }
}

/// The value is the deadline, which moka's timer wheel requests.
pub(super) struct Deadlines(sync::Cache<u64, Instant, Hasher>);

struct AsTheValueSays;

impl Expiry<u64, Instant> for AsTheValueSays {
    fn expire_after_create(&self, _: &u64, until: &Instant, created: Instant) -> Option<Duration> {
        Some(until.saturating_duration_since(created))
    }

    fn expire_after_update(&self, _: &u64, until: &Instant, updated: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(until.saturating_duration_since(updated))
    }
}

pub(super) fn with_deadlines(capacity: usize) -> Deadlines {
    let builder = sync::Cache::builder().max_capacity(capacity as u64).expire_after(AsTheValueSays);
    Deadlines(builder.build_with_hasher(Hasher::default()))
}

impl Expiring for Deadlines {
    fn put(&self, key: u64, until: Instant) {
        self.0.insert(key, until);
    }

    fn get(&self, key: u64) -> bool {
        self.0.get(&key).is_some()
    }

    fn len(&self) -> u64 {
        self.0.entry_count()
    }

    fn upkeep(&self) {
        self.0.run_pending_tasks();
    }
}
