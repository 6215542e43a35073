use sharded::sharded;
use std::collections::{HashMap, HashSet};

#[sharded(ttl = "5m", snapshot)]
struct Store {
    default: HashMap<u8, u8>,
    save: HashMap<u8, u8>,
    restore: HashSet<u8>,
    load: HashSet<u8>,
    clear: HashMap<u8, u8>,
    sweep: HashMap<u8, u8>,
    visit: HashSet<u8>,
    fmt: HashMap<u8, u8>,
}

fn main() {}
