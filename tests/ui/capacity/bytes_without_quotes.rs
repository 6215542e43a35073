use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Shop {
    #[shard(capacity = 256MiB)]
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
