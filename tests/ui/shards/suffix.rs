use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
struct Shop {
    #[shard(shards = 16usize)]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
