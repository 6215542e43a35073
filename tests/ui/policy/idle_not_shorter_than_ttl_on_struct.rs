use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m", idle = "5m")]
struct Store {
    map: HashMap<u8, u8>,
    another: HashMap<u8, u8>,
}

fn main() {}
