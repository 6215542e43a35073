use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
#[derive(Default)]
struct Store {
    map: HashMap<u8, u8>,
    #[shard(skip)]
    name: String,
}

fn main() {}
