use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[cfg_attr(test, shard(shards = 1))]
    map: HashMap<u8, u8>,
}

fn main() {}
