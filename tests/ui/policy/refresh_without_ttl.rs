use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 100, refresh_after = "1m")]
    map: HashMap<u8, u8>,
}

fn main() {}
