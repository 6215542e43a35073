//! `quick_cache`: a CLOCK with a part for new entries and ghosts. The one without shards.

use super::Cache;
use quick_cache::unsync;

struct QuickCache(unsync::Cache<u64, u64>);

pub(super) fn new(capacity: usize) -> Box<dyn Cache> {
    Box::new(QuickCache(unsync::Cache::new(capacity)))
}

impl Cache for QuickCache {
    fn access(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, key);
        }
        hit
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
