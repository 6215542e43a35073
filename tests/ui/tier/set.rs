use sharded::sharded;
use std::collections::HashSet;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m")]
    set: HashSet<u8>,
}

fn main() {}
