use std::collections::HashMap;

struct Store {
    visits: HashMap<u8, u8>,
}

fn uses(store: &Store) -> bool {
    store.visits().is_empty()
}

fn main() {}
