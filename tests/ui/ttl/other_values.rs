use sharded::sharded;
use std::{collections::HashMap, time::Duration};

mod tokens {
    pub fn until(_: &u64, _: &u32) -> std::time::Duration {
        std::time::Duration::from_secs(1)
    }
}

#[sharded]
struct Tokens {
    #[shard(ttl = tokens::until)]
    tokens: HashMap<u64, String>,
}

fn main() {
    let _ = Duration::ZERO;
}
