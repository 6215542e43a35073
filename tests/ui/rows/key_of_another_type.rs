use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1h")]
struct Shop {
    stock: HashMap<String, u32>,
    orders: HashMap<u64, String>,
}

fn main() {
    let shop = Shop::new();
    let _ = sharded::transaction((shop.stock().row("apple"), shop.orders().row("apple")), |_| Ok::<_, ()>(()));
}
