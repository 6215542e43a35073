use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(record)]
    map: HashMap<u8, u8>,
}

fn main() {}
