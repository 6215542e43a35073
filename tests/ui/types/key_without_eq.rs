use sharded::sharded;
use std::collections::HashSet;

#[sharded(ttl = "5m")]
struct Store {
    set: HashSet<f64>,
}

fn main() {}
