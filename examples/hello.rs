//! The smallest store: one map with a bound, one declaration. `hello_expanded.rs` shows what the attribute writes.

use sharded::sharded;
use std::collections::HashMap;

/// Who came by.
#[sharded(shards = 16, ttl = "1h")]
struct Hello {
    /// How often each visitor came within the hour.
    visits: HashMap<String, u32>,
}

fn main() {
    let hello = Hello::new();
    for name in ["ada", "grace", "ada"] {
        hello.visits().upsert(name.to_owned(), || 1, |count| *count += 1);
    }
    hello.visits().for_each(|name, count| println!("{name} came {count} times"));
    assert_eq!(hello.visits().get("ada"), Some(2));
}
