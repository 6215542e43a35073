//! cached: LRU, with one shard.

use super::Cache;
use cached::ShardedLruCache;

struct Cached(ShardedLruCache<u64, u64>);

pub(super) fn new(capacity: usize) -> Box<dyn Cache> {
    let builder = ShardedLruCache::builder().shards(1).per_shard_max_size(capacity);
    Box::new(Cached(builder.build().expect("a shard with room for an entry")))
}

impl Cache for Cached {
    fn access(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.set(key, key);
        }
        hit
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
