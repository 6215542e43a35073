use sharded::sharded;
use std::collections::HashMap;

#[sharded(crate = 3, ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
