use sharded::sharded;
use std::collections::HashSet;

#[sharded(ttl = "5m", snapshot)]
struct Store {
    names: HashSet<&'static str>,
}

fn main() {}
