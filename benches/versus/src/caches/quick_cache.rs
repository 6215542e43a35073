//! `quick_cache`, which has no expiry: where there is a ttl, the value has the deadline beside it, and a reader checks
//! it.

use super::{Cache, Deadline, Expiring, LONG};
use crate::{
    entries::{Entry, Integers},
    systems::Hasher,
};
use ::sharded::clock::{Clock, System};
use quick_cache::{UnitWeighter, sync};
use std::time::Instant;

type Map<E, D> = sync::Cache<<E as Entry>::Key, (<E as Entry>::Value, D), UnitWeighter, Hasher>;

/// Nanoseconds of the coarse clock that sharded reads, which costs a few nanoseconds. `Instant` costs some tens.
#[derive(Clone)]
pub(super) struct Coarse(u64);

impl Deadline for Coarse {
    type Now = u64;

    fn now() -> u64 {
        System::default().nanos()
    }

    fn after(now: u64) -> Self {
        Coarse(now + u64::try_from(LONG.as_nanos()).expect("fits"))
    }

    fn is_ahead(&self, now: u64) -> bool {
        now < self.0
    }
}

pub(super) fn new<E: Entry, D: Deadline>(capacity: usize) -> Map<E, D> {
    sync::Cache::with(capacity, capacity as u64, UnitWeighter, Hasher::default(), sync::DefaultLifecycle::default())
}

impl<E: Entry, D: Deadline> Cache<E> for Map<E, D> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        // Two calls: `entry` takes the lock that excludes others for a hit, too, and takes longer.
        let now = D::now();
        let hit = self.get(key).is_some_and(|(_, until)| until.is_ahead(now));
        if !hit {
            self.insert(key.to_owned(), (value, D::after(now)));
        }
        hit
    }
}

impl Expiring for Map<Integers, Instant> {
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
