use sharded::sharded;
use std::collections::{HashMap, HashSet};

fn length_of(name: &String, _: &()) -> usize {
    name.len()
}

#[sharded]
struct Store {
    #[shard(ttl = "1h")]
    users: HashSet<String>,
    #[shard(index_of = users, key = length_of)]
    by_email: HashMap<usize, String>,
}

fn main() {}
