use sharded::sharded;

#[sharded]
struct Store;

fn main() {}
