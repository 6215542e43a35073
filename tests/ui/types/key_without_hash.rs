use sharded::sharded;
use std::collections::HashMap;

#[derive(PartialEq, Eq)]
struct Id(u64);

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<Id, u8>,
}

fn main() {}
