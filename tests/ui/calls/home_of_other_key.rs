use sharded::{node::Pool, sharded};
use std::{borrow::Borrow, collections::HashMap, sync::Arc};

// A key of this file's own: of `String` the compiler would quote the standard library, if its source is installed.
#[derive(PartialEq, Eq, Hash)]
struct Name(String);

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<Name, u8>,
}

fn main() {
    let store = Arc::new(Store::new());
    let pool = Pool::builder().start().unwrap();
    let _ = pool.home_of(&store, Store::map, &7_u32).run(|store| store.map().len());
}
