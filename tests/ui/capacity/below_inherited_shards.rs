use sharded::sharded;
use std::collections::HashMap;

#[sharded(shards = 64)]
struct Store {
    #[shard(capacity = 10)]
    map: HashMap<u8, u8>,
}

fn main() {}
