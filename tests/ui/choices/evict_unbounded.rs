use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
struct Shop {
    #[shard(capacity = 10, evict = sharded::evict::Unbounded)]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
