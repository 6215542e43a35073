use sharded::sharded;
use std::{collections::HashMap, time::Duration};

fn until(_: &u64, _: &String) -> Duration {
    Duration::from_secs(1)
}

#[sharded]
struct Tokens {
    #[shard(ttl = until)]
    tokens: HashMap<u64, String>,
}

fn main() {}
