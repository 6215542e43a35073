use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m", stale = never)]
    map: HashMap<u8, u8>,
}

fn main() {}
