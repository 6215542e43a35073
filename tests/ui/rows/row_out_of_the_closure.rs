use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "1h")]
struct Shop {
    stock: HashMap<String, Vec<u32>>,
}

fn main() {
    let shop = Shop::new();
    let mut escaped = None;
    let _ = sharded::transaction(shop.stock().row("apple"), |apple| {
        escaped = Some(apple);
        Ok::<_, ()>(())
    });
    let value = sharded::observe(shop.stock().row("apple"), |apple| apple.get());
    drop(value);
}
