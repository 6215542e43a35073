use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m", clock = Manual)]
struct Store {
    map: HashMap<u8, u8>,
    #[shard(clock = sharded::clock::Manual)]
    other: HashMap<u8, u8>,
}

fn main() {}
