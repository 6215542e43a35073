use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1h")]
struct Shop {
    stock: HashMap<String, u32>,
}

fn main() {
    let shop = Shop::new();
    let _ = sharded::transaction(shop.stock().get("apple"), |_| Ok::<_, ()>(()));
}
