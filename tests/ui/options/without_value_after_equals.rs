use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(lock = , shards = 4)]
    map: HashMap<u8, u8>,
}

fn main() {}
