use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(weight = weight_of, capacity = "64MiB", preallocate)]
    weighed: HashMap<u8, String>,
    #[shard(lock = Rcu, capacity = 100, preallocate)]
    shared: HashMap<u8, String>,
    #[shard(capacity = 100, preallocate = true)]
    valued: HashMap<u8, String>,
}

fn weight_of(_: &u8, _: &String) -> u32 {
    1
}

fn main() {}
