use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

async fn save(_: u8) {}

async fn uses(store: &Store) {
    store.map().with(&1, |value| save(*value).await);
}

fn main() {}
