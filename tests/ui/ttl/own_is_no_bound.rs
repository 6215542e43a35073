use sharded::sharded;
use std::collections::HashMap;

#[sharded]
struct Tokens {
    #[shard(ttl = own)]
    tokens: HashMap<u64, String>,
}

fn main() {}
