use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 100)]
    map: HashMap<u8, u8>,
}

fn main() {
    let store = Store::new();
    store.map().insert_with_ttl(1, 1, std::time::Duration::from_secs(1));
}
