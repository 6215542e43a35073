use sharded::sharded as store;
use std::collections::HashMap;

#[store(ttl = "1m")]
#[store(shards = 4)]
struct Shop {
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
