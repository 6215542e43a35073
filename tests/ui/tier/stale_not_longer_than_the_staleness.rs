use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m", staleness = "3s", stale = "3s")]
    map: HashMap<u8, u8>,
}

fn main() {}
