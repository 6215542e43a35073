use sharded::sharded;

#[sharded(ttl = "5m")]
fn store() {}

fn main() {}
