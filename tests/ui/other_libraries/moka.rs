use sharded::sharded;
use std::collections::HashMap;

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, u8>,
}

fn main() {
    let store = Store::new();
    store.map().invalidate(&1);
    let _: u64 = store.map().entry_count();
    let _: u64 = store.map().weighted_size();
    store.map().run_pending_tasks();
    let _: u8 = store.map().get_with(1, || 2);
    let _: Result<u8, ()> = store.map().try_get_with(1, || Ok(2));
    let _: Option<u8> = store.map().optionally_get_with(1, || Some(2));
}
