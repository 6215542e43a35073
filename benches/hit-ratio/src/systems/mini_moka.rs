//! mini-moka: `TinyLFU`. The one without threads, which puts nothing off.

use super::Cache;
use mini_moka::unsync;

struct MiniMoka(unsync::Cache<u64, u64>);

pub(super) fn new(capacity: usize) -> Box<dyn Cache> {
    Box::new(MiniMoka(unsync::Cache::new(capacity as u64)))
}

impl Cache for MiniMoka {
    fn access(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, key);
        }
        hit
    }

    fn len(&self) -> usize {
        self.0.entry_count() as usize
    }
}
