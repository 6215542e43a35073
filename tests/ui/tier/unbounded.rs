use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(tier = Redis, capacity = 1_000)]
    map: HashMap<u8, u8>,
}

fn main() {}
