use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    by_day: HashMap<u8, u8>,
    by__day: HashMap<u8, u8>,
}

fn main() {}
