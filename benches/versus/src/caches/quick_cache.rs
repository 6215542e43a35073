//! `quick_cache`, which has no expiry: the value has the deadline, and a reader checks it.

use super::{Cache, Expiring, LONG};
use crate::{
    entries::{Entry, Integers},
    systems::Hasher,
};
use quick_cache::{UnitWeighter, sync};
use std::time::Instant;

type Map<E> = sync::Cache<<E as Entry>::Key, (<E as Entry>::Value, Instant), UnitWeighter, Hasher>;

pub(super) fn new<E: Entry>(capacity: usize) -> Map<E> {
    sync::Cache::with(capacity, capacity as u64, UnitWeighter, Hasher::default(), sync::DefaultLifecycle::default())
}

impl<E: Entry> Cache<E> for Map<E> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        // Two calls: `entry` takes the lock that excludes others for a hit, too, and takes longer.
        let now = Instant::now();
        let hit = self.get(key).is_some_and(|(_, until)| now < until);
        if !hit {
            self.insert(key.to_owned(), (value, now + LONG));
        }
        hit
    }
}

impl Expiring for Map<Integers> {
    fn put(&self, key: u64, until: Instant) {
        self.insert(key, (key, until));
    }

    fn get(&self, key: u64) -> bool {
        sync::Cache::get(self, &key).is_some_and(|(_, until)| Instant::now() < until)
    }

    fn len(&self) -> u64 {
        sync::Cache::len(self) as u64
    }

    fn upkeep(&self) {
        let now = Instant::now();
        self.retain(|_, (_, until)| now < *until);
    }
}
