use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(lock = Optimistic)]
    map: HashMap<u8, String>,
}

fn main() {}
