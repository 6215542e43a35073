use sharded::sharded;
use std::collections::HashMap;

mod model {
    pub struct CacheEntry;
}
use model::*;

#[sharded(ttl = "1m")]
struct Cache {
    entry: HashMap<u8, u8>,
}

fn size(_: CacheEntry) -> usize {
    1
}

fn main() {
    assert_eq!(size(model::CacheEntry), Cache::new().entry().len());
}
