use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store<K> {
    map: HashMap<K, u8>,
}

fn main() {}
