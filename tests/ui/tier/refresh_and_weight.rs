use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m", refresh_after = "1m", capacity = 100, weight = weight, evictable = evictable, preallocate)]
    map: HashMap<u8, u8>,
}

fn main() {}
