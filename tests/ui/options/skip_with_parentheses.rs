use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(skip())]
    map: HashMap<u8, u8>,
}

fn main() {}
