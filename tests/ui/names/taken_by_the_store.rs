use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    new: HashMap<u8, u8>,
    builder: HashMap<u8, u8>,
}

fn main() {}
