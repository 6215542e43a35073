use sharded::sharded;
use std::{cell::Cell, collections::HashMap};

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
    #[shard(skip)]
    counter: Cell<u8>,
}

// Not std's: whether the compiler quotes std depends on whether its source is installed.
fn spawn(task: impl FnOnce() -> Option<u8> + Send) {
    task();
}

fn main() {
    let store = Store::builder().counter(Cell::new(0)).build();
    spawn(|| store.map().insert(1, 1));
}
