//! foyer, the part of it that lies in memory, with one shard: S3-FIFO, and LFU (W-TinyLFU with a window of a tenth).

use super::Cache;
use foyer_memory::{CacheBuilder, CacheProperties, EvictionConfig, LfuConfig, S3FifoConfig};

struct Foyer(foyer_memory::Cache<u64, u64>);

pub(super) fn s3_fifo(capacity: usize) -> Box<dyn Cache> {
    with(capacity, S3FifoConfig::default().into())
}

pub(super) fn lfu(capacity: usize) -> Box<dyn Cache> {
    with(capacity, LfuConfig::default().into())
}

fn with(capacity: usize, eviction: EvictionConfig) -> Box<dyn Cache> {
    let builder = CacheBuilder::new(capacity).with_shards(1).with_eviction_config(eviction);
    Box::new(Foyer(builder.build::<CacheProperties>()))
}

impl Cache for Foyer {
    fn access(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, key);
        }
        hit
    }

    fn len(&self) -> usize {
        self.0.usage()
    }
}
