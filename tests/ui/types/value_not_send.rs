use sharded::sharded;
use std::{collections::HashMap, rc::Rc};

#[sharded(ttl = "5m")]
struct Store {
    map: HashMap<u8, Rc<u8>>,
}

fn main() {}
