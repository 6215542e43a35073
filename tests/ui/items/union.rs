use sharded::sharded;

#[sharded]
union Store {
    a: u8,
    b: i8,
}

fn main() {}
