use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(skip, ttl = "5m", lock = RwLock)]
    map: HashMap<u8, u8>,
}

fn main() {}
