use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {
    let store = Store::new();
    store.map().entry(1);
    store.map().get_mut(&1);
    store.map().iter();
    store.map().iter_mut();
    store.map().view(&1, |_: &u8, value: &u8| *value);
    store.map().alter(&1, |_: &u8, value: u8| value);
}
