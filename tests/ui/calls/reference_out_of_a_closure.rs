use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, String>,
}

fn main() {
    let store = Store::new();
    let _name: Option<&str> = store.map().with(&1, |name| name.as_str());
}
