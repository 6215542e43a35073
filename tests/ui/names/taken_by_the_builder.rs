use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    clock: HashMap<u8, u8>,
    topology: HashMap<u8, u8>,
    sweep_by_hand: HashMap<u8, u8>,
    checked: HashMap<u8, u8>,
    #[shard(skip)]
    build: u8,
}

fn main() {}
