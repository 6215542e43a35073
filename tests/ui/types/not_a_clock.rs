use sharded::sharded;
use std::collections::HashMap;

enum Plain {}

#[sharded(ttl = "5m")]
struct Store {
    #[shard(clock = self::Plain)]
    map: HashMap<u8, u8>,
}

fn main() {}
