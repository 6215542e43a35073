use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = TTL)]
    map: HashMap<u8, u8>,
}

fn main() {}
