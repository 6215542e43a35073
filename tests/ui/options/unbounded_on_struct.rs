use sharded::sharded;
use std::collections::HashMap;

#[sharded(unbounded = "few keys")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
