use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(snapshot)]
    map: HashMap<u8, u8>,
}

fn main() {}
