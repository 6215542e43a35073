use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store<'a> {
    map: HashMap<&'a str, u8>,
}

fn uses(store: &Store<'_>) -> usize {
    store.map().len()
}

fn main() {}
