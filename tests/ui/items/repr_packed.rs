use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
#[repr(packed)]
struct Shop {
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
