use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "1h 30")]
    map: HashMap<u8, u8>,
}

fn main() {}
