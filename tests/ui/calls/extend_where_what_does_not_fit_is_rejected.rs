use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(capacity = 100, evict = Reject)]
    map: HashMap<u8, u8>,
}

fn main() {
    let store = Store::new();
    store.map().insert_many([(1, 1)]).unwrap();
    store.map().extend([(1, 1)]);
}
