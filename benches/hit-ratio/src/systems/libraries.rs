//! The caches of other libraries, each with one shard.

use super::Cache;
use cached::ShardedLruCache;
use foyer_memory::{CacheBuilder, CacheProperties, EvictionConfig, LfuConfig, S3FifoConfig};

/// cached: LRU.
pub(super) fn cached(capacity: usize) -> Box<dyn Cache> {
    let builder = ShardedLruCache::<u64, u64>::builder().shards(1).per_shard_max_size(capacity);
    Box::new(builder.build().expect("a shard with room for an entry"))
}

/// The in-memory part of foyer: S3-FIFO.
pub(super) fn foyer_s3_fifo(capacity: usize) -> Box<dyn Cache> {
    foyer(capacity, S3FifoConfig::default().into())
}

/// The same: LFU (W-TinyLFU with a window of a tenth).
pub(super) fn foyer_lfu(capacity: usize) -> Box<dyn Cache> {
    foyer(capacity, LfuConfig::default().into())
}

fn foyer(capacity: usize, eviction: EvictionConfig) -> Box<dyn Cache> {
    let builder = CacheBuilder::new(capacity).with_shards(1).with_eviction_config(eviction);
    let cache: foyer_memory::Cache<u64, u64> = builder.build::<CacheProperties>();
    Box::new(cache)
}

/// mini-moka: `TinyLFU`. The type for one thread, which postpones nothing.
pub(super) fn mini_moka(capacity: usize) -> Box<dyn Cache> {
    Box::new(mini_moka::unsync::Cache::<u64, u64>::new(capacity as u64))
}

/// moka: `TinyLFU`.
pub(super) fn moka(capacity: usize) -> Box<dyn Cache> {
    Box::new(moka::sync::Cache::<u64, u64>::new(capacity as u64))
}

/// `quick_cache`: CLOCK with a part for new entries, and ghosts. The type without shards.
pub(super) fn quick_cache(capacity: usize) -> Box<dyn Cache> {
    Box::new(quick_cache::unsync::Cache::<u64, u64>::new(capacity))
}

macro_rules! cache {
    ($cache:ty, insert: $insert:ident, len: $len:ident $(, postponed: $postponed:ident)?) => {
        impl Cache for $cache {
            fn contains(&mut self, key: u64) -> bool {
                self.get(&key).is_some()
            }
            fn insert(&mut self, key: u64) {
                <$cache>::$insert(self, key, key);
            }
            $(fn do_postponed(&mut self) {
                self.$postponed();
            })?
            fn len(&self) -> usize {
                <$cache>::$len(self) as usize
            }
        }
    };
}
cache!(ShardedLruCache<u64, u64>, insert: set, len: len);
cache!(foyer_memory::Cache<u64, u64>, insert: insert, len: usage);
cache!(mini_moka::unsync::Cache<u64, u64>, insert: insert, len: entry_count);
cache!(moka::sync::Cache<u64, u64>, insert: insert, len: entry_count, postponed: run_pending_tasks);
cache!(quick_cache::unsync::Cache<u64, u64>, insert: insert, len: len);
