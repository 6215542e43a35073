use sharded::sharded;
use std::{collections::HashMap, time::Duration};

#[sharded]
struct Tokens {
    #[shard(ttl = |_, token| token.left())]
    tokens: HashMap<u64, String>,
}

fn main() {
    let _ = Duration::ZERO;
}
