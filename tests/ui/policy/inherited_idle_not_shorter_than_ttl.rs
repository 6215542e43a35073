use sharded::sharded;
use std::collections::HashMap;

#[sharded(idle = "30m")]
struct Store {
    #[shard(ttl = "60s")]
    map: HashMap<u8, u8>,
}

fn main() {}
