use sharded::sharded;
use std::{collections::HashMap, time::Duration};

#[sharded]
struct Shop {
    #[shard(ttl = never, unbounded = "one entry per product")]
    stock: HashMap<String, u32>,
}

fn main() {
    let shop = Shop::new();
    let _ = sharded::transaction(shop.stock().row("apple"), |apple| {
        apple.insert_with_ttl(1, Duration::from_secs(1));
        Ok::<_, ()>(())
    });
}
