use sharded::sharded;
use std::collections::HashMap;

#[sharded(idle = "5m")]
struct Store {
    #[shard(lock = Optimistic)]
    map: HashMap<u8, u8>,
}

fn main() {}
