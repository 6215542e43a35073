use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m", ttl_jitter = "10%")]
struct Store {
    #[shard(tier = Redis)]
    map: HashMap<u8, u8>,
}

fn main() {}
