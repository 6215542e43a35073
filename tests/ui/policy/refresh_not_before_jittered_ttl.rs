use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "10m", ttl_jitter = "20%", refresh_after = "9m")]
    map: HashMap<u8, u8>,
}

fn main() {}
