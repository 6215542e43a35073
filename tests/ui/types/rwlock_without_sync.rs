use sharded::sharded;
use std::{cell::Cell, collections::HashMap};

#[sharded(ttl = "5m")]
struct Store {
    #[shard(lock = RwLock)]
    map: HashMap<u8, Cell<u8>>,
}

fn main() {}
