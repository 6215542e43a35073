use sharded::sharded;
use std::collections::HashMap;

#[sharded(capacity = 10)]
struct Store {
    #[shard(shards = 64)]
    map: HashMap<u8, u8>,
}

fn main() {}
