use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 100, unbounded = "few keys")]
    map: HashMap<u8, u8>,
}

fn main() {}
