use sharded::{Key, Value, sharded};
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store<K: Key, V: Value> {
    map: HashMap<K, V>,
}

fn save<V: Value>(store: &Store<u8, V>) {
    let _ = store.map().save(std::io::sink());
}

fn main() {}
