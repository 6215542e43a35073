use sharded::sharded;
use std::collections::HashMap;

#[sharded(tier = Redis, ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
