use sharded::sharded;
use std::collections::HashMap;

struct Plain;

#[sharded(ttl = "5m")]
struct Store {
    #[shard(hasher = Plain)]
    map: HashMap<u8, u8>,
}

fn main() {}
