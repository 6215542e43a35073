use sharded::{rows::Rows, sharded};
use std::collections::HashMap;

#[sharded(ttl = "1h")]
struct Shop {
    stock: HashMap<String, u32>,
}

struct Several<'a>(&'a Shop);

impl Rows for Several<'_> {}

fn main() {
    let shop = Shop::new();
    drop(Several(&shop));
}
