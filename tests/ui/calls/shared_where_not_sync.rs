use sharded::sharded;
use std::{cell::Cell, collections::HashMap, thread};

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
    #[shard(skip)]
    counter: Cell<u8>,
}

fn main() {
    let store = Store::builder().counter(Cell::new(0)).build();
    thread::scope(|scope| {
        scope.spawn(|| store.map().insert(1, 1));
    });
}
