use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m", persist)]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
