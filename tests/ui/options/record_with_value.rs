use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m", record = true)]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
