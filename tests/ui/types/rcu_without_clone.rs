use sharded::sharded;
use std::collections::HashMap;

struct Config(u32);

#[sharded(ttl = "5m")]
struct Store {
    #[shard(lock = Rcu)]
    map: HashMap<u8, Config>,
}

fn main() {}
