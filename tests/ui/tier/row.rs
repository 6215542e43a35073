use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Store {
    #[shard(tier = Redis, ttl = "5m")]
    map: HashMap<u8, u8>,
}

fn raise(store: &Store) {
    let _ = store.map().row(&1);
}

fn main() {}
