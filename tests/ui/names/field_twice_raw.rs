use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
struct Shop {
    r#carts: HashMap<u64, u32>,
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
