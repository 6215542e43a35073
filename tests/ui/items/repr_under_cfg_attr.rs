use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1m")]
#[cfg_attr(all(), repr(C))]
struct Shop {
    carts: HashMap<u64, u32>,
}

fn main() {
    Shop::new();
}
