use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(idle = "3 fortnights")]
    map: HashMap<u8, u8>,
}

fn main() {}
