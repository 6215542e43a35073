use sharded::sharded;
use std::collections::HashMap;

#[sharded(idle = "5m", ttl_jitter = "10%")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
