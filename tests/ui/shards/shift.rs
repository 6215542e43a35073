use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
struct Shop {
    #[shard(shards = 1 << 6, lock = RwLock)]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
