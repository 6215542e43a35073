use sharded::sharded;
use std::collections::HashMap;

struct Config;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
    config: Config,
}

fn main() {}
