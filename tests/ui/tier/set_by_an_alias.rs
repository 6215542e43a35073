use sharded::sharded;
use std::collections::HashSet;

type Names = HashSet<u8>;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m")]
    names: Names,
}

fn main() {}
