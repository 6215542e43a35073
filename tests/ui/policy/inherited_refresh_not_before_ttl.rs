use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1h", refresh_after = "5m")]
struct Store {
    #[shard(ttl = "1m")]
    map: HashMap<u8, u8>,
}

fn main() {}
