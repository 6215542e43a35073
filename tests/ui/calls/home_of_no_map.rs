use sharded::{node::Pool, sharded};
use std::{collections::HashMap, sync::Arc};

#[sharded(ttl = "5m")]
struct Store {
    #[shard(skip)]
    limit: u64,
    map: HashMap<String, u8>,
}

fn main() {
    let store = Arc::new(Store::builder().limit(7).build());
    let pool = Pool::builder().start().unwrap();
    let _ = pool.home_of(&store, |store| &store.limit, "ada").run(|store| store.map().len());
}
