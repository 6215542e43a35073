use sharded::sharded;
use std::{collections::HashMap, future::ready};

#[sharded(ttl = "1h")]
struct Shop {
    stock: HashMap<String, u32>,
}

async fn sell(shop: &Shop) {
    let _ = sharded::transaction(shop.stock().row("apple"), |apple| {
        apple.insert(ready(1).await);
        Ok::<_, ()>(())
    });
}

fn main() {
    drop(sell(&Shop::new()));
}
