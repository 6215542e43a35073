use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(hasher = 3)]
    map: HashMap<u8, u8>,
}

fn main() {}
