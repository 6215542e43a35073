use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Shop {
    #[shard(ttl = "5m"x)]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
