use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(lock = Optimistic, idle = "5m")]
    map: HashMap<u8, u8>,
}

fn main() {}
