use sharded::sharded;
use std::collections::HashMap;

#[sharded(shards = 48, ttl = "5 min")]
struct Store {
    #[shard(lcok = RwLock)]
    sessions: HashMap<u64, String>,
    #[shard(ttl = never)]
    users: HashMap<u64, String>,
    #[shard(capacity = "64MiB")]
    pages: HashMap<u64, String>,
}

fn uses(store: &Store) -> usize {
    store.sessions().len() + store.users().len() + store.pages().len()
}

fn main() {}
