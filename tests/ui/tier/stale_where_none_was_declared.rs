use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m")]
    map: HashMap<u8, u8>,
}

async fn read(store: &Store) {
    let _ = store.map().get_or_stale(&1).await;
}

fn main() {}
