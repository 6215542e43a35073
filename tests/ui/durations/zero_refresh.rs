use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(ttl = "5m", refresh_after = "0s")]
    map: HashMap<u8, u8>,
}

fn main() {}
