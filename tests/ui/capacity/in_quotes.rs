use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = "1_000")]
    map: HashMap<u8, u8>,
}

fn main() {}
