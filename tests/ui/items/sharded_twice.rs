use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
#[sharded(shards = 4)]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {
    Store::new().map().insert(1, 1);
}
