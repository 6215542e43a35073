use sharded::sharded;
use std::collections::HashMap;

#[sharded(crate = ::renamed, ttl = "1m")]
struct Shop {
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
