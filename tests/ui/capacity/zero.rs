use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 0)]
    map: HashMap<u8, u8>,
}

fn main() {}
