use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
    #[shard(skip)]
    name: String,
}

fn main() {
    Store::builder().build();
}
