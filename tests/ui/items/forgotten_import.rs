#[sharded(ttl = "5m")]
struct Store {
    map: std::collections::HashMap<u8, u8>,
}

fn main() {}
