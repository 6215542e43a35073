use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(shards = 64, capacity = 10)]
    map: HashMap<u8, u8>,
}

fn main() {}
