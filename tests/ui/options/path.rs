use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
struct Shop {
    #[shard(store::ttl = "5m")]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
