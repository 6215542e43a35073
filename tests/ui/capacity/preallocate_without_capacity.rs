use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "5m", preallocate)]
    map: HashMap<u8, String>,
}

fn main() {}
