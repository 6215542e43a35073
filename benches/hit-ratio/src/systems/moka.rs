//! moka: `TinyLFU`. What it puts off until later is done after each access, so that it is as exact as it can be.

use super::Cache;
use moka::sync;

struct Moka(sync::Cache<u64, u64>);

pub(super) fn new(capacity: usize) -> Box<dyn Cache> {
    Box::new(Moka(sync::Cache::new(capacity as u64)))
}

impl Cache for Moka {
    fn access(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, key);
        }
        self.0.run_pending_tasks();
        hit
    }

    fn len(&self) -> usize {
        self.0.entry_count() as usize
    }
}
