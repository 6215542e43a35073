use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
    map: HashMap<u16, u16>,
}

fn main() {}
