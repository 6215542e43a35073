use sharded::sharded;
use std::collections::HashMap;

#[derive(Clone, Debug)]
#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
