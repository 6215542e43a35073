use sharded::builder::Supplied;

struct Own;

impl Supplied<u32> for Own {
    fn value(self) -> u32 {
        7
    }
}

fn main() {}
