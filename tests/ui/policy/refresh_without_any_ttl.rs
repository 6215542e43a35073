use sharded::sharded;
use std::collections::HashMap;

#[sharded(refresh_after = "1m", idle = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {}
