use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 100, evict = LRU)]
    map: HashMap<u8, u8>,
}

fn main() {}
