use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "30m 1h")]
    map: HashMap<u8, u8>,
}

fn main() {}
