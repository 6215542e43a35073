use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 1e6)]
    map: HashMap<u8, u8>,
}

fn main() {}
