use sharded::sharded;
use std::{collections::HashMap, time::Duration};

fn until(_: &u64, _: &String) -> Duration {
    Duration::from_secs(1)
}

#[sharded(refresh_after = "1s")]
struct Tokens {
    #[shard(ttl = self::until)]
    tokens: HashMap<u64, String>,
    #[shard(ttl = own, ttl_jitter = "5%", capacity = 1000, refresh_after = never)]
    leases: HashMap<u64, String>,
    #[shard(ttl = "1m")]
    names: HashMap<u64, String>,
}

fn main() {}
