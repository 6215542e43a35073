use sharded::sharded;
use std::collections::HashMap;

#[sharded(capacity = 10)]
struct Shop {
    #[shard(weight = |_, _| 1)]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
