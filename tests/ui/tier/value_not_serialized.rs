use sharded::sharded;
use std::collections::HashMap;

struct Profile;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m")]
    profiles: HashMap<u8, Profile>,
}

fn main() {}
