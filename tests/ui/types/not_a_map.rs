use sharded::sharded;

#[sharded(ttl = "5m")]
struct Store {
    list: Vec<u8>,
}

fn main() {}
