use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "5m", stale = "1m")]
    map: HashMap<u8, u8>,
}

fn main() {}
