use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "5m", refresh_after = "5m")]
    map: HashMap<u8, u8>,
}

fn main() {}
