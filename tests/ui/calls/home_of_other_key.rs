use sharded::{node::Pool, sharded};
use std::{collections::HashMap, sync::Arc};

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<String, u8>,
}

fn main() {
    let store = Arc::new(Store::new());
    let pool = Pool::builder().start().unwrap();
    let _ = pool.home_of(&store, Store::map, &7_u32).run(|store| store.map().len());
}
