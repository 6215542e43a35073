use sharded::sharded;
use std::collections::HashMap;

#[derive(PartialEq, Eq, Hash, Clone)]
struct Id;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m")]
    profiles: HashMap<Id, u8>,
}

fn main() {}
