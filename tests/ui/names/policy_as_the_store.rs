use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    __: HashMap<u8, u8>,
    map: HashMap<u8, u8>,
}

fn main() {}
