//! One file per system.

mod by_hand;
mod dashmap;
mod sharded;

/// A map from `u64` to `u64` that threads share.
pub(crate) trait System: Sync {
    fn get(&self, key: u64) -> Option<u64>;
    fn increment(&self, key: u64);
    fn insert(&self, key: u64, value: u64);
    fn remove(&self, key: u64);
}

/// All systems with their names; the first is what the others are compared to.
pub(crate) fn all() -> Vec<(&'static str, Box<dyn System>)> {
    vec![
        ("by hand, 64 RwLock", Box::new(by_hand::ByHand::new())),
        ("sharded, 64 Mutex", Box::new(sharded::mutex())),
        ("sharded, 64 RwLock", Box::new(sharded::rwlock())),
        ("dashmap 6, default shards", Box::new(dashmap::default_shards())),
        ("dashmap 6, 64 shards", Box::new(dashmap::shards(64))),
    ]
}
