use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(idle = "5m", ttl_jitter = "10%")]
    map: HashMap<u8, u8>,
}

fn main() {}
