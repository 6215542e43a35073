use sharded::{Declared, Policy, ShardedMap};

struct Own;

impl Declared for Own {
    type Key = u8;
    type Value = u8;
    type Hasher = ();
    type Field<P: Policy> = ShardedMap<u8, u8, P>;
    type FieldWith<P: Policy, S> = ShardedMap<u8, u8, P, S>;
}

fn main() {}
