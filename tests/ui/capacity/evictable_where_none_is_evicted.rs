use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(weight = weight_of, capacity = 10, evict = Reject, evictable = may_leave)]
    map: HashMap<u8, String>,
}

fn weight_of(_: &u8, _: &String) -> u32 {
    1
}

fn may_leave(_: &u8, _: &String) -> bool {
    true
}

fn main() {}
