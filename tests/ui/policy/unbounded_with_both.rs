use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(capacity = 100, unbounded = "few keys")]
    map: HashMap<u8, u8>,
}

fn main() {}
