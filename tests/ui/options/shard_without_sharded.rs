use std::collections::HashMap;

struct Store {
    #[shard(ttl = "5m")]
    map: HashMap<u8, u8>,
}

fn main() {}
