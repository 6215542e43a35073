use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
enum Store {
    Map {
        #[shard(lock = RwLock)]
        map: HashMap<u8, u8>,
    },
}

fn main() {}
